"""What every index of posts does, in a folder and in PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rules.evaluator import Reading
from rules.language import parse
from rules.metadata import own_terms
from rules.model import Account, Brand
from tests.search_samples import (
    MINUTE,
    NOON,
    Shelf,
    database_index,
    found,
    index,
    index_database,
    post,
    rids_held,
)
from watcher.backends.interface import Page
from watcher.search import Index, plans
from watcher.store import Store

__all__ = ["database_index", "index", "index_database"]


def test_posts_are_found_by_their_words_newest_first(index: Index) -> None:
    store = Shelf([post(f"acme {n}", NOON + n * MINUTE) for n in (3, 1, 2)])
    store.put(post("another"))
    assert index.catch_up(store) == 4
    assert found(index, store, "acme") == ["acme 3", "acme 2", "acme 1"]


def test_posts_of_one_moment_come_in_the_reverse_order_of_arrival(index: Index) -> None:
    store = Shelf([post(f"acme {n}") for n in range(5)])
    index.catch_up(store, batch=2)
    assert found(index, store, "acme") == [f"acme {n}" for n in (4, 3, 2, 1, 0)]


def test_fractions_of_a_second_count_in_the_order_and_at_the_end_of_a_page(index: Index) -> None:
    parts = (0.5, 0.1, 0.9, 0.3)
    store = Shelf([post(f"acme {part}", NOON + timedelta(seconds=part)) for part in parts])
    index.catch_up(store, batch=1)
    assert found(index, store, "acme", limit=2) == ["acme 0.9", "acme 0.5"]


def test_a_page_says_whether_there_is_more_and_how_far_the_index_is_behind(index: Index) -> None:
    store = Shelf([post(f"acme {n}", NOON + n * MINUTE) for n in range(3)])
    index.catch_up(store)
    store.put(post("acme, not indexed yet"))
    results = index.search(parse("acme"), store, limit=2)
    assert (len(results.hits), results.more, results.behind) == (2, True, 1)
    assert not index.search(parse("acme"), store, limit=3).more


def test_since_is_included_and_before_is_not(index: Index) -> None:
    store = Shelf([post(f"acme {n}", NOON + n * MINUTE) for n in range(5)])
    index.catch_up(store, batch=2)
    options = {"since": NOON + MINUTE, "before": NOON + 3 * MINUTE}
    assert found(index, store, "acme", **options) == ["acme 2", "acme 1"]
    half = timedelta(seconds=0.5)
    assert found(index, store, "acme", before=NOON + half) == ["acme 0"]
    assert found(index, store, "acme", since=NOON + 4 * MINUTE + half) == []


def test_hits_carry_the_spans_of_what_matched(index: Index) -> None:
    store = Shelf([post("L'Été chez Acme")])
    index.catch_up(store)
    (hit,) = index.search(parse('"l ete" acme'), store).hits
    assert [hit.post.text[slice(*span)] for span in hit.spans] == ["L'Été", "Acme"]


@pytest.mark.parametrize("year", [1, 1950, 1970, 2106, 2107, 9999])
def test_dates_beyond_32_bits_are_kept_in_order(index: Index, year: int) -> None:
    odd = datetime(year, 6, 1, tzinfo=UTC)
    store = Shelf([post("acme now"), post("acme odd", odd), post("acme odder", odd + MINUTE)])
    index.catch_up(store, batch=1)
    newest_first = sorted(store.posts.values(), key=lambda one: one.posted_at, reverse=True)
    assert found(index, store, "acme") == [one.text for one in newest_first]
    assert found(index, store, "acme", since=odd, before=odd + MINUTE) == ["acme odd"]


def test_the_first_and_last_numbers_of_partitions_are_found(index: Index) -> None:
    store = Shelf([post(f"acme {n}", NOON + n * MINUTE) for n in range(6)], first_rid=99_997)
    store.put(post("acme far", NOON), at=350_000)
    assert index.catch_up(store, batch=4) == 7
    assert rids_held(index) == [*range(99_997, 100_003), 350_000]
    assert found(index, store, "acme", limit=3) == ["acme 5", "acme 4", "acme 3"]
    assert found(index, store, "acme")[-2:] == ["acme far", "acme 0"]


def test_an_old_post_that_arrives_late_takes_its_place(index: Index) -> None:
    store = Shelf([post(f"acme {n}", NOON + n * MINUTE) for n in range(3)])
    store.put(post("acme late", NOON + 1.5 * MINUTE), at=100_001)
    store.put(post("acme from the future", NOON + timedelta(days=900)), at=7)
    index.catch_up(store)
    assert found(index, store, "acme") == [
        "acme from the future",
        "acme 2",
        "acme late",
        "acme 1",
        "acme 0",
    ]


def test_the_same_words_are_found_with_and_without_handles_and_accents(index: Index) -> None:
    store = Shelf([post("merci @acme_help"), post("été"), post("ete")])
    index.catch_up(store)
    assert found(index, store, "acme") == []
    assert found(index, store, "acme", reading=Reading(handles=True)) == ["merci @acme_help"]
    assert found(index, store, "acm*", reading=Reading(handles=True)) == ["merci @acme_help"]
    assert found(index, store, "été") == ["ete", "été"]
    assert found(index, store, "été", reading=Reading(fold_accents=False)) == ["été"]


def test_the_posts_of_an_account_are_found_by_the_name_it_has_now(
    index: Index, tmp_path: Path
) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}")
    before = post("buy my things", NOON, handle="acme_shop")
    renamed = replace(before.author, handle="harmless")
    for n, one in enumerate((before, replace(before, id="2", text="hi", author=renamed))):
        later = replace(one, posted_at=NOON + n * MINUTE)
        store.save_page("s", Page(posts=(later,), cursor=str(n), more=False), NOON + 9 * MINUTE)
        index.catch_up(store)
    hits = index.search(parse("from:harmless"), store).hits
    assert [hit.post.text for hit in hits] == ["hi", "buy my things"]
    assert not index.search(parse("from:acme_shop"), store).hits
    store.close()


def test_posts_of_the_brands_own_accounts_are_found(index: Index) -> None:
    reading = Reading(own=own_terms([Brand(name="Acme", accounts=("acme", "town:acme_fr"))]))
    store = Shelf([post(f"by {handle}", handle=handle) for handle in ("acme", "acme_fr", "bob")])
    index.catch_up(store)
    assert found(index, store, "is:own", reading=reading) == ["by acme_fr", "by acme"]
    assert found(index, store, "is:own") == []


def test_an_account_that_became_a_bot_later_is_found_as_one(index: Index) -> None:
    store = Shelf([post("acme"), post("more acme", handle="bob")])
    index.catch_up(store)
    robot = Account(network="town", id="ann", handle="ann", bot=True)
    store.posts[1] = replace(store.posts[1], author=robot)
    assert found(index, store, "acme is:bot") == ["acme"]
    assert found(index, store, "acme -is:bot") == ["more acme"]


def test_a_prefix_of_words_does_not_meet_the_names_of_fields(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "MOST_EXPANSIONS", 2)
    store = Shelf([post(f"post {n}", source=f"town {n}", handle=f"a{n}") for n in range(9)])
    store.put(post("sourires"), post("accord"), post("from"))
    index.catch_up(store)
    assert found(index, store, "sou*") == ["sourires"]
    assert found(index, store, "acc*") == ["accord"]
    assert found(index, store, "fro*") == ["from"]


def test_a_prefix_that_begins_very_many_words_still_finds_the_right_posts(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "MOST_EXPANSIONS", 50)
    store = Shelf([post(" ".join(f"acme{n}" for n in range(60))), post("other"), post("acmes")])
    index.catch_up(store)
    assert len(found(index, store, "acme*")) == 2
    assert len(found(index, store, "acme5*")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \x00 ",
        "acme\x00acme",
        "\ud800acme \udfff",
        "\u202eemca acme\u202c",
        "acme " * 200_000,
        "acme" + "x" * 1_000_000,
        " ".join(f"acme{n}" for n in range(50_000)),
    ],
    ids=["empty", "nul", "nul within", "surrogates", "bidi", "long", "one word", "many words"],
)
@pytest.mark.drill
def test_whatever_is_posted_is_indexed_and_the_rest_is_found(index: Index, text: str) -> None:
    store = Shelf([post("acme before"), post(text), post("acme after")])
    assert index.catch_up(store) == 3
    assert set(found(index, store, "acme")) >= {"acme before", "acme after"}
    assert found(index, store, "acme*")[0] == "acme after"


def test_words_too_long_to_be_kept_whole_are_told_apart(index: Index) -> None:
    long = "acme" * 100
    store = Shelf([post(long + "a"), post(long + "b")])
    index.catch_up(store)
    assert found(index, store, long + "b") == [long + "b"]
    assert found(index, store, long + "*") == [long + "b", long + "a"]


def test_progress_tells_what_is_done_of_how_much(index: Index) -> None:
    store = Shelf([post(f"{n}") for n in range(5)])
    told: list[tuple[int, int]] = []
    index.catch_up(store, batch=2, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]
    told.clear()
    assert index.rebuild(store, lambda done, total: told.append((done, total))) == 5
    assert told == [(5, 5)]
