"""What networks answered about likely names is kept, and found again with what came of it."""

from tests.store.samples import DAY, HOUR, NOON, account, suspect
from watcher.store import NameState, Store

SUPPORT = account("1", "acme_support")
HELP = account("2", "acme_help")


def asked(store: Store, name: str, **more: object) -> None:
    store.save_sweep_name("Acme", "town", name, NOON, **more)  # type: ignore[arg-type]


def test_a_name_is_taken_free_or_unknown(store: Store) -> None:
    asked(store, "acme_support", account=SUPPORT)
    asked(store, "acme_sav")
    asked(store, "acme_info", said="the server is too busy")
    found = store.sweep_names("Acme", "town")
    assert [(one.name, one.state, one.said) for one in found] == [
        ("acme_support", NameState.TAKEN, ""),
        ("acme_sav", NameState.FREE, ""),
        ("acme_info", NameState.UNKNOWN, "the server is too busy"),
    ]
    assert found[0].account == SUPPORT
    assert {one.checked for one in found} == {NOON}


def test_a_later_answer_takes_the_place_of_the_one_before(store: Store) -> None:
    asked(store, "acme_support", account=SUPPORT)
    store.save_sweep_name("Acme", "town", "acme_support", NOON + DAY)
    (found,) = store.sweep_names("Acme")
    assert (found.state, found.checked, found.account) == (NameState.FREE, NOON + DAY, None)


def test_brands_and_networks_are_kept_apart(store: Store) -> None:
    asked(store, "acme_sav")
    store.save_sweep_name("Acme", "x", "acme_sav", NOON)
    store.save_sweep_name("Zenith", "town", "acme_sav", NOON)
    assert len(store.sweep_names("Acme")) == 2
    assert len(store.sweep_names("Acme", "x")) == 1
    assert store.sweep_names("Nobody") == ()


def test_an_account_that_was_found_is_there_to_be_examined(store: Store) -> None:
    asked(store, "acme_support", account=SUPPORT)
    assert store.unexamined(10) == (SUPPORT,)


def test_the_suspect_that_came_of_it_is_told(store: Store) -> None:
    asked(store, "acme_support", account=SUPPORT)
    store.save_suspects([SUPPORT], [suspect("town:1", 0.9)], {}, NOON + HOUR)
    (found,) = store.sweep_names("Acme")
    assert found.suspect is not None
    assert found.suspect.suspect.score == 0.9
    assert (found.suspect.id, found.suspect.first_seen) == (1, NOON + HOUR)


def test_a_search_is_kept_with_the_accounts_it_found(store: Store) -> None:
    store.save_sweep_search("Acme", "town", "Acme", [SUPPORT, HELP, SUPPORT], NOON)
    assert store.sweep_searches("Acme", "town") == {"Acme": NOON}
    found = store.sweep_names("Acme")
    assert {(one.name, one.searched) for one in found} == {
        ("acme_support", True),
        ("acme_help", True),
    }


def test_an_account_found_again_under_another_name_stands_there_once(store: Store) -> None:
    store.save_sweep_search("Acme", "town", "Acme", [SUPPORT], NOON)
    renamed = account("1", "acme_sav")
    store.save_sweep_search("Acme", "town", "Acme", [renamed], NOON + DAY)
    assert [one.name for one in store.sweep_names("Acme")] == ["acme_sav"]


def test_what_strangers_write_is_stored_within_bounds(store: Store) -> None:
    hostile = account("1\0", "a\ud800" * 5000, display_name="\x1b[2J\0")
    asked(store, "acme_support", account=hostile)
    asked(store, "acme_sav", said="\0\ud800" * 5000)
    store.save_sweep_search("Acme", "town", "Acme", [hostile], NOON)
    taken, unknown, found = store.sweep_names("Acme")
    assert taken.account is not None
    assert taken.account == found.account
    assert len(unknown.said) == 500


def test_answers_are_forgotten_in_time(store: Store) -> None:
    asked(store, "acme_sav")
    asked(store, "acme_support", account=SUPPORT)
    store.save_sweep_name("Acme", "town", "acme_info", NOON + DAY)
    store.forget_before(NOON + HOUR, channels=[])
    assert [one.name for one in store.sweep_names("Acme")] == ["acme_info"]
