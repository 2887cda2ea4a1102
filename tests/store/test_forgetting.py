"""Who is forgotten leaves nothing behind, also after a crash, and does not come back."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alerts.model import DeliveryState
from tests.store.samples import (
    DAY,
    HOUR,
    NOON,
    account,
    frozen,
    mails,
    matched,
    page,
    post,
    proposal,
    pulled,
    suspect,
    waiting,
)
from watcher.store import NoSuchRecordError, SavedPage, Store, forgetting
from watcher.store.schema import metadata

LATER = NOON + HOUR
ANN = account("1", "Ann", display_name="Annabelle", bio="sings")
BOB = account("2", "bob")


def lived(store: Store) -> None:
    """Ann posted, changed her name, is a suspect, was proposed, and was told of."""
    before = account("1", "annie", display_name="Annabelle")
    pulled(store, post("old", author=before, posted_at=NOON - DAY))
    pulled(store, post("p1", author=ANN), post("p2", author=BOB))
    matched(store, suspects=[suspect("town:1", name="Ann", display_name="Annabelle")])
    store.save_proposals("friends", waiting(store, "friends"), [proposal(ANN)], NOON)


def forget(store: Store, name: str = "@ANN") -> int:
    (held,) = store.accounts_called(name)
    return store.forget_account(held, LATER)


def everything(store: Store) -> str:
    with store.reading() as connection:
        return repr([connection.execute(select(one)).all() for one in metadata.sorted_tables])


def test_what_is_stored_of_an_account_is_told_before(store: Store) -> None:
    lived(store)
    for name in ("@Ann", "town:ann", "town:1", "ANN"):
        (held,) = store.accounts_called(name)
        assert (held.posts, held.matches, held.forms) == (2, 2, 1)
        assert (held.suspect, held.proposed, held.following) == (True, True, False)
    assert store.accounts_called("nobody") == ()


def test_nothing_of_the_person_is_left_in_any_table(store: Store) -> None:
    lived(store)
    assert forget(store) == 2
    left = everything(store).casefold()
    for word in ("annabelle", "'ann'", "annie", "sings", "town:1"):
        assert word not in left
    assert [one.post.id for one in store.posts_after(0, 9)] == ["p2"]
    assert store.status().forgotten == 1
    assert len(store.departures(LATER)) == 2


def test_nothing_of_the_person_is_left_in_the_files_of_an_open_database(tmp_path: Path) -> None:
    with closing(Store.open(f"sqlite:///{tmp_path / 'watcher.db'}")) as store:
        with store.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        lived(store)
        forget(store)
        files = [path.read_bytes() for path in tmp_path.iterdir()]
        assert len(files) == 3
        assert not any(b"Annabelle" in octets for octets in files)


def test_what_others_passed_on_of_the_person_goes_and_stays_away(store: Store) -> None:
    lived(store)
    passed_on = post("b1", "Annabelle says", author=BOB, repost_of="?", repost_author="1")
    known = post("b2", "Annabelle says", author=BOB, repost_of="p1")
    other = post("b3", author=BOB, repost_of="x", repost_author="3")
    pulled(store, passed_on, known, other)
    assert forget(store) == 4
    assert [one.post.id for one in store.posts_after(0, 9)] == ["p2", "b3"]
    again = page(replace(passed_on, id="b4"), replace(other, id="b5"))
    saved = store.save_page("square", again, LATER)
    assert (saved.new, saved.kept_out) == (1, 1)


def test_who_was_forgotten_does_not_come_back(store: Store) -> None:
    lived(store)
    batch = store.unmatched(9)
    forget(store)
    again = page(post("p9", author=ANN), post("p8", author=BOB), accounts=(ANN,))
    assert store.save_page("square", again, LATER) == SavedPage(new=1, known=0, kept_out=1)
    renamed = account("1", "another")
    assert store.save_page("square", page(post("p7", author=renamed)), LATER).kept_out == 1
    moved = account("99", "annie")
    assert store.save_page("square", page(post("p6", author=moved)), LATER).kept_out == 1
    # A finding made before, saved after: nobody is raised from it.
    store.save_matches(batch, (), [suspect("town:1")], {}, LATER)
    store.save_suspects([ANN], [suspect("town:1")], {}, LATER)
    store.save_sweep_name("Acme", "town", "ann", LATER, account=ANN)
    assert store.suspects() == ()
    assert store.accounts_called("ann") == ()


def test_who_has_never_been_seen_can_be_kept_out(store: Store) -> None:
    store.keep_out("town", "@Ann", NOON)
    store.keep_out("town", "ann", NOON)
    assert store.status().forgotten == 1
    assert store.save_page("square", page(post("p1", author=ANN)), NOON).kept_out == 1


@pytest.mark.parametrize("name", ["ann", "@Ann", "town:ann", "town:1", "annie"])
def test_forgetting_can_be_lifted_by_any_name(store: Store, name: str) -> None:
    lived(store)
    forget(store)
    assert store.remember("somebody") == 0
    assert store.remember(name) == 1
    assert store.status().forgotten == 0
    assert store.save_page("square", page(post("p9", author=ANN)), LATER).new == 1


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_a_crash_in_the_middle_is_taken_up_where_it_stopped(
    store: Store, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(store)
    pulled(store, *[post(f"more{n}", author=ANN) for n in range(4)])
    monkeypatch.setattr(forgetting, "_AT_A_TIME", 2)
    left = step

    class CrashError(Exception):
        pass

    def crashing(real: Any) -> Any:
        def instead(*args: Any, **more: Any) -> None:
            nonlocal left
            if left == 0:
                left = -1
                raise CrashError
            left -= 1
            real(*args, **more)

        return instead

    for name in ("take_away", "_erase_account"):
        monkeypatch.setattr(forgetting, name, crashing(getattr(forgetting, name)))
    with pytest.raises(CrashError):
        forget(store)
    assert store.save_page("square", page(post("p9", author=ANN)), LATER).kept_out == 1
    store.finish_forgetting(LATER)
    assert [one.post.id for one in store.posts_after(0, 99)] == ["p2"]
    assert store.accounts_called("ann") == ()
    assert store.status().forgotten == 1


def test_mails_that_told_of_the_person_lose_their_content(store: Store) -> None:
    lived(store)
    frozen(store, "sent@acme.example", "perhaps@acme.example", "waits@acme.example")
    for outcome in ("sent", "uncertain"):
        claim = store.claim_delivery(NOON)
        assert claim is not None
        store.handing_over(claim.attempt, NOON)
        store.record_outcome(claim.attempt, NOON, outcome=outcome, answer="", next_attempt=LATER)  # type: ignore[arg-type]
    forget(store)
    stands = {one.recipient.partition("@")[0]: one for one in store.deliveries()}
    assert store.delivery(stands["sent"].id).payload == b""
    assert store.delivery(stands["perhaps"].id).payload == b""
    assert stands["perhaps"].state == DeliveryState.FAILED
    with pytest.raises(NoSuchRecordError, match="erased"):
        store.retry_delivery(stands["perhaps"].id, LATER)
    assert store.claim_delivery(LATER) is None
    (old,) = store.outdated_digests()
    assert old.recipients == ("waits@acme.example",)
    left = store.told_in(old, limit=9)
    assert [one.post.id for one in left.mentions] == ["p2"]
    assert (left.suspects, left.proposals) == ((), ())
    store.freeze_again(old, left, mails(*old.recipients, slot="again"), "1 post")
    assert store.claim_delivery(LATER) is not None


def test_the_age_of_a_memory_matters_not(store: Store) -> None:
    store.keep_out("town", "ann", NOON)
    store.forget_before(NOON + 9999 * DAY)
    assert store.status().forgotten == 1
