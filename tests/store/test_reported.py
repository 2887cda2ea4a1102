"""What a report reads of the store beside the figures."""

from datetime import timedelta

from tests.store.conftest import opened, postgresql_opened, sqlite_opened, store
from tests.store.samples import NOON, page, post
from watcher.store import Store

__all__ = ["opened", "postgresql_opened", "sqlite_opened", "store"]

HOUR = timedelta(hours=1)


def test_the_lag_of_a_source_is_that_of_half_of_all_its_posts(store: Store) -> None:
    lags = {"one": (3, 1, 2), "two": (2, 1), "early": (-1, -2, 4)}
    for source, hours in lags.items():
        posts = [post(f"{source}{one}", posted_at=NOON - one * HOUR) for one in hours]
        store.save_page(source, page(*posts), NOON)
    brought = store.brought(NOON - 9 * HOUR, NOON + 9 * HOUR)
    assert {name: one.lag for name, one in brought.items()} == {
        "one": 2 * HOUR, "two": HOUR, "early": timedelta()
    }  # fmt: skip
    assert {name: one.posts for name, one in brought.items()} == {"one": 3, "two": 2, "early": 3}
    assert {one.first for one in brought.values()} == {NOON}
    assert store.brought(NOON + 9 * HOUR, NOON + 10 * HOUR) == {}
