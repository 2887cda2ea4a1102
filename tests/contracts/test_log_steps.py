"""The log is gone through some rows at a time: all, in order, and few where they are large."""

from itertools import pairwise

import pytest
from sqlalchemy import select

from tests.contracts.test_log import by, store
from tests.store.conftest import postgresql_opened, sqlite_opened
from tests.store.samples import DAY, NOON, page
from watcher.store import Store, log_steps
from watcher.store.log_steps import START, next_rows
from watcher.store.schema import log

__all__ = ["postgresql_opened", "sqlite_opened", "store"]


@pytest.mark.parametrize(
    ("most_octets", "most_rows", "hold"),
    [(1, 200, False), (1000, 200, True), (1000, 4, False), (16_000_000, 200, True)],
)
def test_rows_come_all_once_in_order_and_no_more_together_than_fit(
    store: Store, monkeypatch: pytest.MonkeyPatch, most_octets: int, most_rows: int, hold: bool
) -> None:
    monkeypatch.setattr(log_steps, "_OCTETS", most_octets)
    monkeypatch.setattr(log_steps, "_ROWS", most_rows)
    for at in range(3):
        some = [one for number in range(6) for one in by(number, f"{number}-{at}")]
        before = str(at) if at else None
        store.append("town", before, page(*some, cursor=str(at + 1)), NOON + at * DAY)
    steps, after = [], START
    with store.writing() as connection:
        while rows := next_rows(connection, after, hold=hold):
            steps.append(rows)
            after = rows[-1].partition, rows[-1].last
        everything = connection.execute(
            select(log.c.partition, log.c.last, log.c.posts).order_by(log.c.partition, log.c.last)
        ).all()
    assert [(one.partition, one.last, one.posts) for step in steps for one in step] == everything
    for step, following in pairwise([*steps, []]):
        size = sum(len(one.posts) for one in step)
        assert len(step) == 1 or size <= most_octets
        more = size + len(following[0].posts) if following else 0
        assert not following or len(step) == most_rows or more > most_octets
