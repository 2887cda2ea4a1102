"""Posts that came before a brand was known are counted for it afterwards."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from rules.model import Brand, Definitions
from rules.signals.spoken import Hearing
from tests.store.samples import DAY, HOUR, NOON, ROUTES, post, pulled
from watcher.store import HISTORY, Store
from watcher.store.schema import heard as heard_table
from watcher.store.schema import posts, spoken

ACME, RIVALO, THIRD = (Brand(name=name) for name in ("Acme", "Rivalo", "Third"))


def matched(store: Store, *brands: Brand, now=NOON) -> None:
    hearing = Hearing(Definitions(brands=brands))
    while (batch := store.unmatched(3)).posts:
        said = hearing.find(batch.posts)
        store.save_matches(batch, [], [], ROUTES, now, spoken=said, brands=hearing.forms)


def counted(store: Store, *brands: Brand, limit: int = 3, batches: int = 99) -> int:
    """Count what came before; return in how many batches."""
    hearing = Hearing(Definitions(brands=brands))
    for number in range(batches):
        earlier = store.uncounted(hearing.forms, limit, NOON)
        if earlier is None:
            return number
        said = hearing.find(earlier.batch.posts)
        store.save_earlier(earlier, said, hearing.forms, NOON)
    return batches


def rows(store: Store) -> set[tuple[str, int, str, str]]:
    query = select(spoken.c.brand, spoken.c.rid, spoken.c.tone, spoken.c.said)
    with store.reading() as connection:
        return {(brand, rid, tone, said) for brand, rid, tone, said in connection.execute(query)}


def some_posts(count: int = 10):
    texts = ("I love Acme", "Rivalo is awful", "Acme or Rivalo?", "Third and Acme", "nothing")
    return [post(f"p{n}", texts[n % 5], posted_at=NOON - n * HOUR) for n in range(count)]


def test_a_brand_configured_later_is_counted_as_if_it_had_always_been(store: Store) -> None:
    pulled(store, *some_posts())
    matched(store, ACME)
    assert counted(store, ACME, RIVALO) == 4
    afterwards = rows(store)
    with store.writing() as connection:
        connection.execute(heard_table.delete())
        connection.execute(spoken.delete())
        connection.exec_driver_sql("UPDATE progress SET rid = 0")
    matched(store, ACME, RIVALO)
    assert afterwards == rows(store)


def test_nothing_is_left_where_brands_were_known_from_the_start(store: Store) -> None:
    pulled(store, *some_posts())
    matched(store, ACME)
    assert counted(store, ACME) == 0
    assert store.uncounted_posts() == 0


def test_what_was_cut_off_goes_on_and_brands_added_meanwhile_join(store: Store) -> None:
    pulled(store, *some_posts(11))
    matched(store, ACME)
    counted(store, ACME, RIVALO, batches=2)
    assert store.uncounted_posts() == 5
    counted(store, ACME, RIVALO, THIRD, batches=2)
    counted(store, ACME, RIVALO, THIRD)
    hearing = Hearing(Definitions(brands=(ACME, RIVALO, THIRD)))
    whole = store.posts_after(0, 99)
    wanted = {(one.brand, one.post) for one in hearing.find([one.post for one in whole])}
    keys = {one.rid: one.post.key for one in whole}
    assert {(brand, keys[rid]) for brand, rid, _, _ in rows(store)} == wanted


def test_counting_a_batch_twice_changes_nothing(store: Store) -> None:
    pulled(store, *some_posts())
    matched(store, ACME)
    hearing = Hearing(Definitions(brands=(ACME, RIVALO)))
    earlier = store.uncounted(hearing.forms, 3, NOON)
    assert earlier is not None
    said = hearing.find(earlier.batch.posts)
    assert store.save_earlier(earlier, said, hearing.forms, NOON) == 1
    before = rows(store)
    assert store.save_earlier(earlier, said, hearing.forms, NOON) == 0
    assert rows(store) == before


def test_a_brand_is_counted_since_the_oldest_post_counted_came(store: Store) -> None:
    pulled(store, post("old", posted_at=NOON - 9 * DAY), now=NOON - 8 * DAY)
    pulled(store, post("new", "Acme and Rivalo"), now=NOON - DAY)
    matched(store, RIVALO)
    assert store.counted_since(["Acme", "Rivalo"]) == {"Rivalo": NOON}
    counted(store, ACME, RIVALO, limit=1, batches=1)
    assert store.counted_since(["Acme"]) == {"Acme": NOON - DAY}
    counted(store, ACME, RIVALO)
    assert store.counted_since(["Acme"]) == {"Acme": NOON - 8 * DAY}


def test_a_post_that_left_meanwhile_and_a_brand_renamed_meanwhile_are_passed_over(
    store: Store,
) -> None:
    pulled(store, post("p1"), now=NOON - timedelta(days=3))
    pulled(store, post("p2"))
    matched(store)
    hearing = Hearing(Definitions(brands=(ACME,)))
    earlier = store.uncounted(hearing.forms, 9, NOON)
    assert earlier is not None
    store.forget_before(NOON - DAY)
    said = hearing.find(earlier.batch.posts)
    other = Hearing(Definitions(brands=(Brand(name="Acme", spellings=("Acmé & Co",)),)))
    assert store.save_earlier(earlier, said, other.forms, NOON) == 0
    store.save_earlier(earlier, said, hearing.forms, NOON)
    assert {rid for _, rid, _, _ in rows(store)} == {2}


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_how_many_are_counted_at_once_makes_no_difference(store: Store, limit: int) -> None:
    pulled(store, *some_posts(9))
    matched(store)
    counted(store, ACME, RIVALO, limit=limit)
    assert len(rows(store)) == 10


def test_a_history_that_was_fetched_earlier_does_not_say_that_anybody_counted(store: Store) -> None:
    pulled(store, post("old", posted_at=NOON - 9 * DAY), now=NOON - 8 * DAY)
    with store.writing() as connection:
        connection.execute(posts.update().values(source=HISTORY))
    pulled(store, post("new", "Acme and Rivalo"), now=NOON - DAY)
    matched(store, RIVALO)
    counted(store, ACME, RIVALO, limit=100)
    assert store.counted_since(["Acme"]) == {"Acme": NOON - DAY}
