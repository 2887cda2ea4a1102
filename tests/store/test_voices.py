"""How many posts speak of each brand, whatever the rules."""

from datetime import timedelta

import pytest

from rules.model import Brand, Definitions
from rules.signals.spoken import Hearing
from tests.store.samples import DAY, HOUR, NOON, ROUTES, account, post, pulled
from watcher.store import Store

ACME = Brand(name="Acme", accounts=("acme",), competitors=("Rivalo",))
RIVALO = Brand(name="Rivalo")


def heard(store: Store, *brands: Brand, now=NOON) -> None:
    hearing = Hearing(Definitions(brands=brands))
    batch = store.unmatched(1000)
    store.save_matches(
        batch, [], [], ROUTES, now, spoken=hearing.find(batch.posts), brands=hearing.forms
    )


def told(store: Store, now=NOON):
    compared = {"Acme": ("Rivalo",)}
    return store.waiting("daily", now - DAY, now, limit=9, brands=compared).voices


def test_posts_are_counted_for_each_brand_they_name_and_brands_do_not_count_themselves(
    store: Store,
) -> None:
    texts = ("I like Acme", "Acme or Rivalo?", "Rivalo it is", "nothing", "#acme!")
    some = [post(f"p{n}", text) for n, text in enumerate(texts)]
    own = post("own", "Acme is open", author=account("9", "acme"))
    pulled(store, *some, own)
    heard(store, ACME, RIVALO)
    (voice,) = told(store)
    assert voice.series.of(DAY) == 3
    assert [(one.brand, one.posts, one.before) for one in voice.competitors] == [
        ("Rivalo", 2, None)
    ]


def test_what_comes_late_counts_when_it_was_written(store: Store) -> None:
    pulled(store, *[post(f"p{n}", posted_at=NOON - n * DAY - HOUR) for n in range(12)])
    heard(store, ACME)
    (voice,) = told(store)
    assert (voice.series.of(DAY), voice.series.before(DAY), voice.series.usual(DAY)) == (1, 1, 1)


def test_a_brand_that_is_called_otherwise_is_counted_anew(store: Store) -> None:
    pulled(store, post("p1"))
    heard(store, ACME)
    pulled(store, post("p2", "Acmé & Co"))
    heard(store, Brand(name="Acme", spellings=("Acmé & Co",)))
    (voice,) = told(store)
    assert voice.series.of(DAY) == 1
    heard(store, RIVALO)
    assert told(store) == ()


def test_a_post_that_leaves_is_no_longer_counted(store: Store) -> None:
    pulled(store, post("p1", posted_at=NOON - 3 * HOUR), now=NOON - 2 * HOUR)
    pulled(store, post("p2"))
    heard(store, ACME)
    store.forget_before(NOON - timedelta(minutes=90))
    assert told(store)[0].series.of(DAY) == 1


@pytest.mark.parametrize("limit", [1, 1000])
def test_a_batch_matched_twice_counts_once(store: Store, limit: int) -> None:
    pulled(store, post("p1"), post("p2"))
    while store.unmatched(limit).posts:
        hearing = Hearing(Definitions(brands=(ACME,)))
        batch = store.unmatched(limit)
        said = hearing.find(batch.posts)
        store.save_matches(batch, [], [], ROUTES, NOON, spoken=said * 2, brands=hearing.forms)
    assert told(store)[0].series.of(DAY) == 2
