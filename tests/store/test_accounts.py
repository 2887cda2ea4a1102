"""Accounts as they present themselves: the newest form stands, the former ones are remembered."""

from dataclasses import replace

import pytest

from rules.model import Account
from tests.store.samples import DAY, HOUR, NOON, account, page, post, pulled, suspect
from watcher.store import Store

ANN = account("1", "ann", display_name="Ann", bio="gardens", avatar="a.png")


def now_known(store: Store, handle: str) -> Account:
    found = store.account_by_handle(None, handle)
    assert found is not None
    return found


def forms(store: Store) -> list[tuple[str, str]]:
    store.save_suspects((), [suspect("town:1")], {}, NOON)
    detail = store.suspect(store.suspects()[0].id)
    return [(form.handle, form.display_name) for form in detail.forms]


def test_a_renamed_account_keeps_its_former_names(store: Store) -> None:
    pulled(store, post("p1", author=ANN, posted_at=NOON - 2 * HOUR))
    renamed = replace(ANN, handle="acme_help", display_name="Acme")
    pulled(store, post("p2", author=renamed, posted_at=NOON - HOUR))
    assert now_known(store, "acme_help") == renamed
    assert store.account_by_handle(None, "ann") is None
    assert forms(store) == [("acme_help", "Acme"), ("ann", "Ann")]


def test_every_post_shows_its_author_as_it_is_now(store: Store) -> None:
    pulled(store, post("p1", author=ANN, posted_at=NOON - 2 * HOUR))
    pulled(store, post("p2", author=replace(ANN, handle="anna"), posted_at=NOON - HOUR))
    assert {one.post.author.handle for one in store.posts_after(0, 9)} == {"anna"}


def test_older_data_that_arrives_late_does_not_overwrite_newer(store: Store) -> None:
    pulled(store, post("p2", author=replace(ANN, handle="anna"), posted_at=NOON - HOUR))
    pulled(store, post("p1", author=ANN, posted_at=NOON - DAY))
    assert now_known(store, "anna").handle == "anna"
    assert forms(store) == [("anna", "Ann")]


def test_being_seen_again_unchanged_guards_against_older_data_too(store: Store) -> None:
    pulled(store, post("p1", author=ANN, posted_at=NOON - 3 * HOUR))
    pulled(store, post("p3", author=ANN, posted_at=NOON - HOUR))
    pulled(store, post("p2", author=replace(ANN, handle="anna"), posted_at=NOON - 2 * HOUR))
    assert now_known(store, "ann") == ANN


def test_an_id_in_place_of_a_handle_is_no_name(store: Store) -> None:
    """A live stream names an author by the id only, until somebody tells the name."""
    unnamed = replace(ANN, handle=ANN.id)
    pulled(store, post("p1", author=unnamed, posted_at=NOON - 4 * HOUR))
    pulled(store, post("p2", author=ANN, posted_at=NOON - 3 * HOUR))
    pulled(store, post("p3", author=unnamed, posted_at=NOON - 2 * HOUR))
    assert now_known(store, "ann") == ANN
    assert forms(store) == [("ann", "Ann")]


def test_a_post_from_the_future_does_not_freeze_its_author(store: Store) -> None:
    pulled(store, post("p1", author=ANN, posted_at=NOON + 3650 * DAY))
    later = replace(ANN, handle="anna")
    pulled(store, post("p2", author=later, posted_at=NOON + HOUR), now=NOON + 2 * HOUR)
    assert now_known(store, "anna") == later


def test_within_a_page_the_newest_form_stands_whatever_the_order(store: Store) -> None:
    anna = replace(ANN, handle="anna")
    pulled(
        store,
        post("p2", author=anna, posted_at=NOON - HOUR),
        post("p1", author=ANN, posted_at=NOON - DAY),
    )
    assert now_known(store, "anna") == anna


def test_what_a_page_does_not_tell_is_not_erased(store: Store) -> None:
    full = replace(ANN, followers=5, bot=False)
    pulled(store, post("p1", author=full, posted_at=NOON - DAY))
    bare = account("1", "ann")
    store.save_page("square", page(accounts=(bare,)), NOON)
    assert now_known(store, "ann") == full


def test_what_was_not_told_is_filled_from_older_data(store: Store) -> None:
    pulled(store, post("p2", author=account("1", "ann"), posted_at=NOON - HOUR))
    pulled(store, post("p1", author=replace(ANN, handle="old"), posted_at=NOON - DAY))
    assert now_known(store, "ann") == ANN


def test_accounts_beside_the_posts_are_saved_too(store: Store) -> None:
    store.save_page("square", page(accounts=(ANN, account("2", "bob"))), NOON)
    assert store.unexamined(9) == (ANN, account("2", "bob"))


def test_an_account_is_examined_once(store: Store) -> None:
    pulled(store, post("p1", author=ANN))
    (one,) = store.unexamined(9)
    store.save_suspects((one,), (), {}, NOON)
    assert store.unexamined(9) == ()
    pulled(store, post("p2", author=replace(ANN, bio="cats", followers=9), posted_at=NOON))
    assert store.unexamined(9) == ()


@pytest.mark.parametrize("change", [{"handle": "acme"}, {"display_name": "Acme"}])
def test_a_renamed_account_is_examined_again(store: Store, change: dict[str, str]) -> None:
    pulled(store, post("p1", author=ANN))
    store.save_suspects(store.unexamined(9), (), {}, NOON)
    renamed = replace(ANN, **change)  # type: ignore[arg-type]
    pulled(store, post("p2", author=renamed, posted_at=NOON))
    assert store.unexamined(9) == (renamed,)


def test_an_account_renamed_while_it_was_examined_stays_to_be_examined(store: Store) -> None:
    pulled(store, post("p1", author=ANN))
    examined = store.unexamined(9)
    renamed = replace(ANN, handle="acme")
    pulled(store, post("p2", author=renamed, posted_at=NOON))
    store.save_suspects(examined, (), {}, NOON)
    assert store.unexamined(9) == (renamed,)


def test_changed_brands_have_every_account_examined_again(store: Store) -> None:
    pulled(store, post("p1", author=ANN))
    assert store.reexamine_all("one")
    store.save_suspects(store.unexamined(9), (), {}, NOON)
    assert not store.reexamine_all("one")
    assert store.unexamined(9) == ()
    assert store.reexamine_all("two")
    assert store.unexamined(9) == (ANN,)


def test_a_handle_is_found_in_any_case_with_or_without_at(store: Store) -> None:
    pulled(store, post("p1", author=account("1", "Été.Social")))
    for written in ("Été.Social", "@ÉTÉ.social", "été.social"):
        assert store.account_by_handle("town", written) is not None
    assert store.account_by_handle("village", "été.social") is None


def test_of_two_accounts_with_a_handle_the_one_seen_last_is_found(store: Store) -> None:
    pulled(store, post("p1", author=account("1", "ann"), posted_at=NOON - DAY))
    pulled(store, post("p2", author=account("2", "ann"), posted_at=NOON - HOUR))
    assert now_known(store, "ann").id == "2"
