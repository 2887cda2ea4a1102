"""What the log promises, on both databases: order, no gap, nothing lost, nothing twice."""

import tracemalloc
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update

from rules.model import Post
from tests.store.conftest import BOTH, Opened, empty, postgresql_opened, sqlite_opened
from tests.store.samples import DAY, HOUR, MINUTE, NOON, ROUTES, account, match, page, post, suspect
from watcher.store import (
    Findings,
    SavedMatches,
    StaleBatchError,
    StaleCursorError,
    Store,
    log_reading,
    log_steps,
    log_waiting,
)
from watcher.store import log as log_module
from watcher.store import log_days as log_days_module
from watcher.store.log import partition_of
from watcher.store.log_rows import packs, unpack
from watcher.store.schema import accounts, log, log_heads, log_matched, matches

__all__ = ["postgresql_opened", "sqlite_opened"]

LATER = NOON + 3 * DAY

ALL = {0, 1, 2, 3}
"""The partitions of the log."""


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An open store without rows, whose log has four partitions."""
    opened: Opened = request.getfixturevalue(f"{request.param}_opened")
    store = opened[1]
    ready(store)
    yield store
    dropped(store, NOON + 400 * DAY)


def ready(store: Store) -> None:
    """Empty a store, and give its log four partitions."""
    empty(store)
    store.partitions = 4
    store._known_partitions = 0
    dropped(store, NOON + 400 * DAY)


def dropped(store: Store, before: datetime) -> int:
    """Drop the days that ended before a moment and are worked off; return how many."""
    return store.drop_log(store.log_days(before)).dropped


def by(number: int, *ids: str, text: str = "I like Acme") -> tuple[Post, ...]:
    """Return posts by one author."""
    return tuple(post(one, text, author=account(str(number), f"ann{number}")) for one in ids)


def work_off(store: Store, *, now: datetime = NOON, limit: int = 1000, keep: str = "all") -> int:
    """Work off all that waits: each post that says Acme matches."""
    new = 0
    while True:
        with store.claim("test", limit, now) as claim:
            if claim is None:
                return new
            found = [match(one) for one in claim.posts if "Acme" in one.text]
            saved = claim.save(Findings(found=found), ROUTES, lambda: now, keep=keep)  # type: ignore[arg-type]
            new += saved.posts


def stored(store: Store) -> list[str]:
    return [one.post.id for one in store.posts_after(0, 1000)]


def test_numbers_have_no_gap_within_a_partition(store: Store) -> None:
    for at in range(5):
        some = [one for number in range(9) for one in by(number, f"{number}-{at}")]
        store.append("town", str(at) if at else None, page(*some, cursor=str(at + 1)), NOON)
    with store.reading() as connection:
        rows = connection.execute(
            select(log.c.partition, log.c.first, log.c.last).order_by(log.c.partition, log.c.last)
        ).all()
        heads = dict(connection.execute(select(log_heads.c.partition, log_heads.c.number)).all())
    ends: dict[int, int] = {}
    for row in rows:
        assert row.first == ends.get(row.partition, 0) + 1
        ends[row.partition] = row.last
    assert {partition: heads[partition] for partition in ends} == ends
    assert sum(ends.values()) == 45 == store.log_backlog()


def test_a_page_read_from_a_place_that_was_read_on_from_is_refused(store: Store) -> None:
    store.append("town", None, page(*by(1, "a"), cursor="1"), NOON)
    with pytest.raises(StaleCursorError):
        store.append("town", None, page(*by(1, "b"), cursor="2"), NOON)
    store.append("town", "1", page(*by(1, "c"), cursor="2"), NOON)
    work_off(store)
    assert stored(store) == ["a", "c"]
    assert store.cursor("town") == "2"


def test_what_one_author_wrote_stays_in_order(store: Store) -> None:
    for at in range(6):
        some = [one for number in range(5) for one in by(number, f"{at}-{number}")]
        store.append("town", str(at) if at else None, page(*some, cursor=str(at + 1)), NOON)
    while True:
        with store.claim("one", 3, NOON) as claim:
            if claim is None:
                break
            with store.claim("two", 3, NOON) as other:
                if other is not None:
                    other.save(Findings(), {}, lambda: NOON)
            claim.save(Findings(), {}, lambda: NOON)
    for number in range(5):
        of_author = [one for one in stored(store) if one.endswith(f"-{number}")]
        assert of_author == [f"{at}-{number}" for at in range(6)]


def test_two_claims_at_once_get_two_partitions(store: Store) -> None:
    store.append("town", None, page(*(one for n in range(20) for one in by(n, f"p{n}"))), NOON)
    with store.claim("one", 100, NOON) as first, store.claim("two", 100, NOON) as second:
        assert first is not None
        assert second is not None
        assert first.partition != second.partition
        ids = [one.id for one in (*first.posts, *second.posts)]
        assert len(ids) == len(set(ids))


def test_the_partition_worked_off_longest_ago_is_next(store: Store) -> None:
    """Else one that never empties would starve all others."""
    store.append("town", None, page(*(one for n in range(40) for one in by(n, f"p{n}"))), NOON)
    taken = []
    for at in range(8):
        with store.claim("one", 1, NOON + at * MINUTE) as claim:
            assert claim is not None
            taken.append(claim.partition)
            claim.save(Findings(), {}, lambda: NOON + at * MINUTE)  # noqa: B023 - called at once
        of_busy = (one for n in range(9) for one in by(taken[0], f"n{at}-{n}"))
        store.append("town", f"{at + 1}", page(*of_busy, cursor=f"{at + 2}"), NOON)
    assert sorted(taken[:4]) == [0, 1, 2, 3]


def test_a_partition_that_is_left_out_is_not_claimed(store: Store) -> None:
    store.append("town", None, page(*(one for n in range(20) for one in by(n, f"p{n}"))), NOON)
    with store.claim("one", 100, NOON, aside={0, 1, 3}) as claim:
        assert claim is not None
        assert claim.partition == 2
    with store.claim("one", 100, NOON, aside={0, 1, 2, 3}) as claim:
        assert claim is None


def test_an_abandoned_claim_waits_again(store: Store) -> None:
    store.append("town", None, page(*by(1, "a", "b")), NOON)
    with store.claim("one", 100, NOON) as claim:
        assert claim is not None
    with suppress(ZeroDivisionError), store.claim("one", 100, NOON) as claim:
        assert claim is not None
        raise ZeroDivisionError  # as in a crash between matching and the commit
    assert store.log_backlog() == 2
    assert work_off(store) == 2


def test_a_crash_between_saving_and_the_commit_leaves_nothing(store: Store) -> None:
    store.append("town", None, page(*by(1, "a", "b")), NOON)
    with suppress(ZeroDivisionError), store.claim("one", 100, NOON) as claim:
        assert claim is not None
        if store._file is not None:
            raise ZeroDivisionError
        claim.save(Findings(found=[match(claim.posts[0])]), ROUTES, lambda: NOON)
        raise ZeroDivisionError
    assert stored(store) == []
    assert store.status().matches == 0
    assert work_off(store) == 2
    assert (store.status().matches, store.status().waiting) == (2, {"daily": 2})


def test_a_page_delivered_twice_is_stored_and_told_once(store: Store) -> None:
    some = by(1, "a", "b", "c")
    store.append("town", None, page(*some, cursor="1"), NOON)
    store.append("square", None, page(*some, cursor="1"), NOON)
    assert work_off(store) == 3
    store.append("town", "1", page(*some, cursor="2"), NOON)
    assert work_off(store) == 0
    status = store.status()
    assert (status.posts, status.matches, status.waiting) == (3, 3, {"daily": 3})
    covered = store.coverage(["town", "square"], NOON - HOUR, NOON)
    assert sum(one.posts for one in covered) == 3


@pytest.mark.parametrize("ahead", [-HOUR / 2, HOUR * 0, MINUTE / 60, MINUTE])
def test_two_workers_at_once_tell_a_rule_with_a_silence_once(
    store: Store, ahead: timedelta
) -> None:
    """Also where the one that saved first has the clock that is ahead."""
    store.append("town", None, page(*(one for n in range(20) for one in by(n, f"p{n}"))), NOON)
    silence = {"talk": HOUR}
    with store.claim("a", 100, NOON) as first:
        assert first is not None
        with store.claim("b", 100, NOON) as second:
            assert second is not None
            some = Findings(found=[match(one) for one in second.posts], realert=silence)
            assert second.save(some, ROUTES, lambda: NOON + ahead).found.queued == 1
        some = Findings(found=[match(one) for one in first.posts], realert=silence)
        saved = first.save(some, ROUTES, lambda: NOON)
        assert saved.found.matches == len(first.posts)
        assert saved.found.queued == 0


def test_a_clock_that_was_put_back_far_silences_nothing(store: Store) -> None:
    silence = {"talk": HOUR}
    for cursor, now in [(None, NOON + 5 * MINUTE), ("1", NOON)]:
        store.append("town", cursor, page(*by(1, f"after {cursor}")), now)
        with store.claim("a", 100, now) as claim:
            assert claim is not None
            some = Findings(found=[match(one) for one in claim.posts], realert=silence)
            assert claim.save(some, ROUTES, lambda: now).found.queued == 1  # noqa: B023 - at once


def test_the_time_of_a_claim_is_read_when_it_is_its_turn_to_write(store: Store) -> None:
    store.append("town", None, page(*by(1, "a")), NOON)
    with store.claim("a", 100, NOON) as claim:
        assert claim is not None
        locked: list[bool] = []

        def clock() -> datetime:
            if store._file is None:
                held = select(func.count()).select_from(text("pg_locks"))
                with store.reading() as connection:
                    query = held.where(text("locktype = 'advisory' AND granted"))
                    locked.append(bool(connection.execute(query).scalar()))
            return NOON + HOUR

        claim.save(Findings(found=[match(claim.posts[0])]), ROUTES, clock)
    assert locked == ([] if store._file is not None else [True])
    with store.reading() as connection:
        assert connection.execute(select(matches.c.found)).scalars().all() == [NOON + HOUR]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # elsewhere nobody comes so far
def test_a_claim_that_another_process_saved_meanwhile_is_refused(store: Store) -> None:
    store.append("town", None, page(*by(1, "a")), NOON)
    with store.claim("one", 100, NOON) as claim:
        assert claim is not None
        claim.save(Findings(), {}, lambda: NOON)
        with pytest.raises(StaleBatchError):
            claim.save(Findings(), {}, lambda: NOON)


def test_only_what_something_was_found_in_is_kept_where_so_configured(store: Store) -> None:
    store.append("town", None, page(*by(1, "a"), *by(2, "b", text="nothing to see")), NOON)
    assert work_off(store, keep="matched") == 1
    assert stored(store) == ["a"]
    assert store.status().accounts == 1


def test_a_stored_post_that_changes_is_kept_up_to_date_where_not_all_are(store: Store) -> None:
    store.append("town", None, page(*by(1, "a"), cursor="1"), NOON)
    work_off(store, keep="matched")
    edited = post("a", "no more", author=account("1", "ann1"), edited_at=NOON)
    store.append("town", "1", page(edited, cursor="2"), NOON + HOUR)
    work_off(store, now=NOON + HOUR, keep="matched")
    (found,) = store.posts_after(0, 10)
    assert found.post.text == "no more"
    assert [one.id for one in store.unmatched(10).posts] == ["a"]


def test_a_stored_post_that_comes_again_is_not_new_where_not_all_are_kept(store: Store) -> None:
    some = by(1, "a", text="nothing to see")
    store.append("town", None, page(*some, cursor="1"), NOON)
    work_off(store, keep="all")
    store.append("town", "1", page(*some, cursor="2"), NOON + HOUR)
    assert work_off(store, now=NOON + HOUR, keep="matched") == 0
    (covered,) = store.coverage(["town"], NOON - HOUR, NOON + HOUR)
    assert covered.posts == store.source_states()[0].posts == 1


def test_what_was_worked_off_is_not_matched_again_and_nothing_else_is_missed(
    store: Store,
) -> None:
    store.append("town", None, page(*by(1, "a"), cursor="1"), NOON)
    work_off(store)
    assert store.unmatched(10).posts == ()
    # Another way in, before the rules came to it: an edit that somebody asked about.
    store.save_page("square", page(*by(2, "by hand")), NOON)
    edited = post("a", "I love Acme", author=account("1", "ann1"), edited_at=NOON)
    store.save_page("square", page(edited, cursor="2"), NOON + HOUR)
    store.append("town", "1", page(*by(3, "b"), cursor="2"), NOON)
    store.append("town", "2", page(*by(1, "c"), cursor="3"), NOON)
    work_off(store)
    batch = store.unmatched(10)
    assert sorted(one.id for one in batch.posts) == ["a", "by hand"]
    store.append("town", "3", page(*by(3, "d"), cursor="4"), NOON)
    work_off(store)
    found = [match(one) for one in batch.posts]
    store.save_matches(batch, found, (), ROUTES, NOON + HOUR)
    assert store.unmatched(10).posts == ()
    assert store.backlog() == 0
    store.append("town", "4", page(*by(3, "e"), cursor="5"), NOON)
    work_off(store)
    assert store.unmatched(10).posts == ()
    # Each of the posts that say Acme matched, once.
    assert (store.status().posts, store.status().matches) == (6, 6)


@pytest.mark.parametrize("then", ["nothing", "a claim", "clearing away"])
def test_what_left_before_it_was_matched_holds_nothing_up(store: Store, then: str) -> None:
    store.append("town", None, page(*by(1, "a"), cursor="1"), NOON)
    work_off(store)
    edited = post("a", "I love Acme", author=account("1", "ann1"), edited_at=NOON)
    store.append("town", "1", page(edited, cursor="2"), NOON + HOUR)
    store.append("town", "2", page(*by(2, "b"), cursor="3"), NOON + HOUR)
    work_off(store, now=NOON + HOUR)
    assert [one.id for one in store.unmatched(10).posts] == ["a"]
    assert store.status().unmatched == 1
    store.append("town", "3", page(cursor="4", deleted=("a",)), NOON + HOUR)
    assert store.status().unmatched == 0
    if then == "a claim":
        store.append("town", "4", page(*by(2, "c"), cursor="5"), NOON + HOUR)
        work_off(store, now=NOON + HOUR)
    elif then == "clearing away":
        store.forget_before(NOON)
    if then != "nothing":
        assert store.backlog() == 0
        assert store.all_matched()
        with store.reading() as connection:
            assert connection.execute(select(log_matched)).all() == []
    assert store.unmatched(10).posts == ()


def test_one_of_many_that_were_taken_back_is_found(store: Store) -> None:
    some = tuple(f"p{number}" for number in range(700))
    store.append("town", None, page(*by(1, *some), cursor="1"), NOON)
    gone = (*(f"other{number}" for number in range(20)), "p3", "p695")
    store.append("town", "1", page(cursor="2", deleted=gone), NOON + MINUTE)
    assert work_off(store) == 698
    assert {"p3", "p695"}.isdisjoint(stored(store))


def test_a_deleted_post_is_kept_out_though_it_waited_in_the_log(store: Store) -> None:
    store.append("town", None, page(*by(1, "a", "b"), *by(2, "c"), cursor="1"), NOON)
    gone = page(cursor="2", deleted=("a",), departed=("2",))
    store.append("town", "1", gone, NOON + MINUTE)
    work_off(store)
    assert stored(store) == ["b"]
    store.append("town", "2", page(*by(1, "a"), cursor="3"), NOON + HOUR)
    work_off(store)
    assert stored(store) == ["b"]


def test_a_deletion_that_waited_takes_nothing_from_a_later_one(store: Store) -> None:
    store.append("town", None, page(*by(1, "a", "b"), cursor="1"), NOON + MINUTE)
    store.append("town", "1", page(cursor="2", deleted=("a",)), NOON + 2 * MINUTE)
    store.append("town", "2", page(cursor="3", deleted=("a",)), NOON)
    work_off(store)
    assert stored(store) == ["b"]


@pytest.mark.parametrize("keep", ["all", "matched"])
@pytest.mark.parametrize("claimed_before", [False, True])
def test_an_account_that_left_while_it_waited_in_the_log_is_not_stored(
    store: Store, keep: str, claimed_before: bool
) -> None:
    told = [account(str(one), f"ann{one}", bio="I live in Lille") for one in range(1, 5)]
    came = page(*(post(one.id, author=one) for one in told[:3]), accounts=told[3:], cursor="1")
    store.append("town", None, came, NOON)
    gone = page(cursor="2", departed=("2", "3", "4"))
    again = page(post("again", author=account("3", "ann3")), cursor="3")
    if claimed_before:
        with store.claim("one", 100, NOON, aside=ALL - {partition_of(("town", "2"), 4)}) as claim:
            store.append("town", "1", gone, NOON + MINUTE)
            assert claim is not None
            assert claim.save(Findings(), {}, lambda: NOON + MINUTE, keep=keep).posts == 0  # type: ignore[arg-type]
    else:
        store.append("town", "1", gone, NOON + MINUTE)
    store.append("town", "2", again, NOON + HOUR)
    work_off(store, now=NOON + HOUR, keep=keep)
    with store.reading() as connection:
        query = select(accounts.c.id, accounts.c.bio).order_by(accounts.c.id)
        found = [tuple(row) for row in connection.execute(query)]
    assert found == [("1", "I live in Lille"), ("3", "")]
    assert stored(store) == ["1", "again"]


def test_domains_are_raised_by_posts_that_are_really_new_alone(store: Store) -> None:
    def linking(one: str, domain: str) -> Post:
        return post(one, author=account("1", "ann1"), links=(f"https://www.{domain}/a",))

    def claimed(now: datetime) -> SavedMatches:
        with store.claim("one", 10, now) as claim:
            assert claim is not None
            domains = [suspect("domain:acrne.example"), suspect("domain:acmee.example")]
            return claim.save(Findings(suspects=domains), ROUTES, lambda: now).found

    some = page(linking("a", "acrne.example"), linking("b", "acmee.example"), cursor="1")
    store.append("town", None, some, NOON)
    store.append("town", "1", page(cursor="2", deleted=("a",)), NOON + MINUTE)
    assert claimed(NOON + MINUTE).suspects == 1
    (raised,) = store.suspects()
    assert raised.suspect.subject == "domain:acmee.example"
    store.append("town", "2", replace(some, cursor="3"), NOON + HOUR)
    assert claimed(NOON + HOUR).suspects == 0
    assert store.suspects() == (raised,)


def test_a_damaged_row_is_set_aside_counted_and_shown(store: Store) -> None:
    store.append("town", None, page(*by(1, "a", "b"), cursor="1"), NOON)
    with store.writing() as connection:
        connection.execute(update(log).values(posts=zlib.compress(b"[1,2")))
    store.append("town", "1", page(*by(1, "c"), cursor="2"), NOON)
    assert work_off(store) == 1
    assert stored(store) == ["c"]
    (shown,) = store.skipped("town")
    partition = partition_of(("town", "1"), 4)
    assert (shown.source, shown.where) == ("town", f"log {partition}:1-2")
    (covered,) = store.coverage(["town"], NOON - HOUR, NOON)
    assert (covered.posts, covered.skipped) == (1, 2)


def test_rows_that_are_gone_are_told_of(store: Store) -> None:
    store.append("town", None, page(*by(1, "a", "b"), cursor="1"), NOON)
    store.append("town", "1", page(*by(1, "c"), cursor="2"), NOON)
    with store.writing() as connection:
        connection.execute(delete(log).where(log.c.first == 1))
    assert work_off(store, limit=1) == 1
    assert stored(store) == ["c"]
    (shown,) = store.skipped("town")
    assert shown.where == f"log {partition_of(('town', '1'), 4)}:1-2"
    store.append("town", "2", page(*by(1, "d"), cursor="3"), NOON)
    with store.writing() as connection:
        connection.execute(delete(log))
    assert work_off(store) == store.log_backlog() == 0
    assert store.skipped("town")[0].where == f"log {partition_of(('town', '1'), 4)}:4-4"
    (covered,) = store.coverage(["town"], NOON - HOUR, NOON)
    assert (covered.posts, covered.skipped) == (1, 3)
    store.append("town", "3", page(*by(1, "e"), cursor="4"), NOON)
    assert work_off(store) == 1


def test_days_are_dropped_when_they_are_worked_off_and_not_before(store: Store) -> None:
    store.append("town", None, page(*by(1, "a"), cursor="1"), NOON)
    later = NOON + 3 * DAY
    assert dropped(store, NOON) == 0
    before = dropped(store, later)
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(log)).scalar_one() == 1
    assert work_off(store) == 1
    assert before + dropped(store, later) >= 1
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(log)).scalar_one() == 0
    store.append("town", "1", page(*by(1, "b"), cursor="2"), later)
    assert work_off(store, now=later) == 1


@pytest.fixture
def on_server(postgresql_opened: Opened) -> Store:
    """A store on PostgreSQL, whose log holds a day that is worked off, and posts that wait."""
    store = postgresql_opened[1]
    ready(store)
    store.append("town", None, page(*by(1, "a"), cursor="1"), NOON)
    work_off(store)
    store.append("town", "1", page(*by(1, "b"), cursor="2"), LATER)
    return store


@pytest.mark.server
def test_a_day_is_dropped_beside_a_claim_and_nobody_waits_for_that(on_server: Store) -> None:
    with ThreadPoolExecutor() as beside:
        with on_server.claim("one", 10, LATER) as claim:
            assert claim is not None
            dropping = beside.submit(dropped, on_server, LATER)
            while not is_waited_for(on_server):
                assert not dropping.done()
            on_server.append("town", "2", page(*by(2, "c"), cursor="3"), LATER)
            with on_server.claim("two", 10, LATER) as other:
                assert other is not None
                other.save(Findings(), {}, lambda: LATER)
            assert not dropping.done()
            claim.save(Findings(), {}, lambda: LATER)
        assert dropping.result() >= 1
    assert sorted(stored(on_server)) == ["a", "b", "c"]
    assert tables(on_server) == []


@pytest.mark.server
def test_a_day_that_is_dropped_half_is_dropped_later(
    on_server: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = on_server.log_days(LATER)
    with on_server.claim("one", 10, LATER) as claim:
        assert claim is not None
        with monkeypatch.context() as hurried:
            hurried.setattr(log_days_module, "_DETACH_PATIENCE", MINUTE / 600)
            found = on_server.drop_log(days)
        assert (found.dropped, found.in_use) == (0, len(days))
        assert on_server.log_days(LATER) == days
    with on_server._transaction(on_server._writers) as connection:  # as if killed in between
        connection.execute(
            text(f"ALTER TABLE log DETACH PARTITION {tables(on_server)[0]} FINALIZE")
        )
    assert on_server.log_days(LATER) == days
    assert on_server.drop_log(days).dropped == len(days)
    assert tables(on_server) == []
    assert work_off(on_server, now=LATER) == 1


@pytest.mark.server
@pytest.mark.parametrize("detaches_from", [14, 1000])
def test_what_comes_to_a_day_at_the_last_moment_is_not_dropped_with_it(
    on_server: Store, monkeypatch: pytest.MonkeyPatch, detaches_from: int
) -> None:
    monkeypatch.setattr(log_days_module, "_DETACHES", (detaches_from,))
    days = on_server.log_days(LATER)
    on_server._known_days = frozenset(days)
    is_worked_off = log_days_module.is_worked_off

    def at_last(*args: Any) -> bool:
        worked_off = is_worked_off(*args)
        monkeypatch.setattr(log_days_module, "is_worked_off", is_worked_off)
        on_server.append("town", "2", page(*by(1, "c"), cursor="3"), NOON)
        return worked_off

    monkeypatch.setattr(log_days_module, "is_worked_off", at_last)
    found = on_server.drop_log(days)
    assert found.in_use == 0
    assert found.dropped < len(days)
    assert work_off(on_server, now=LATER) == 2
    assert sorted(stored(on_server)) == ["a", "b", "c"]
    assert on_server.drop_log(days).dropped >= 1
    assert tables(on_server) == []


@pytest.mark.server
def test_two_processes_drop_days_one_after_the_other(
    on_server: Store, postgresql_opened: Opened
) -> None:
    days = on_server.log_days(LATER)
    with ThreadPoolExecutor() as beside:
        with on_server.claim("one", 10, LATER):
            dropping = beside.submit(on_server.drop_log, days)
            while not is_waited_for(on_server):
                assert not dropping.done()
            with closing(Store.open(postgresql_opened[0])) as other:
                found = other.drop_log(days)
            assert (found.dropped, found.in_use) == (0, 0)
        assert dropping.result().dropped == len(days)


@pytest.mark.server
def test_an_older_server_drops_a_day_when_nobody_has_the_log_in_use(
    on_server: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_days_module, "_DETACHES", (1000,))
    with ThreadPoolExecutor() as beside:
        with on_server.claim("one", 10, LATER) as claim:
            assert claim is not None
            with monkeypatch.context() as hurried:
                hurried.setattr(log_days_module, "_TRIES", (MINUTE / 600,) * 2)
                assert dropped(on_server, LATER) == 0
            dropping = beside.submit(dropped, on_server, LATER)
            while not is_waited_for(on_server):
                assert not dropping.done()
            claim.save(Findings(), {}, lambda: LATER)
        assert dropping.result() >= 1
    assert stored(on_server) == ["a", "b"]


def is_waited_for(store: Store) -> bool:
    """Whether somebody waits until nobody has the log in use."""
    waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype IN ('virtualxid', 'relation')"
    with store.reading() as connection:
        return connection.execute(text(waits)).first() is not None


def tables(store: Store) -> list[str]:
    """Return the tables of the log's days that ended before `LATER`."""
    query = (
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'log_day_%' ORDER BY 1"
    )
    with store.reading() as connection:
        return [
            one
            for one in connection.execute(text(query)).scalars()
            if one < f"log_day_{LATER:%Y%m%d}"
        ]


@pytest.mark.parametrize("few", [1, 500])
def test_lags_tell_how_long_posts_wait(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(log_waiting, "_FEW", few)
    store.append("town", None, page(*by(1, "a")), NOON)
    store.append("square", None, page(*by(2, "b")), NOON + MINUTE)
    assert store.log_lags(NOON + HOUR) == {"town": HOUR, "square": HOUR - MINUTE}
    store.append("town", "1", page(*by(2, "c"), cursor="2"), NOON + 2 * MINUTE)
    with store.claim("one", 1, NOON, aside=ALL - {partition_of(("town", "1"), 4)}) as claim:
        assert claim is not None
        claim.save(Findings(), {}, lambda: NOON)
    assert store.log_lags(NOON + HOUR) == {"town": HOUR - 2 * MINUTE, "square": HOUR - MINUTE}
    work_off(store)
    assert store.log_lags(NOON + HOUR) == {}
    assert store.log_backlog() == 0


def test_partitions_are_added_only_when_nothing_waits(store: Store) -> None:
    store.append("town", None, page(*by(1, "a"), cursor="1"), NOON)
    store.partitions = 8
    store.append("town", "1", page(*by(1, "b"), cursor="2"), NOON)
    assert store._known_partitions == 4
    work_off(store)
    store.append("town", "2", page(*by(1, "c"), cursor="3"), NOON + HOUR)
    assert store._known_partitions == 8
    work_off(store)
    assert stored(store) == ["a", "b", "c"]


def test_partitions_that_another_thread_adds_meanwhile_move_no_author(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append("town", None, page(*by(1, "a"), cursor="1"), NOON)
    work_off(store)
    share_out = log_module._shared_out

    def meanwhile(*args: Any) -> Any:
        monkeypatch.setattr(log_module, "_shared_out", share_out)
        shared = share_out(*args)
        store.partitions = 8
        store.append("square", None, page(*by(5, "other")), NOON + HOUR)
        assert store._known_partitions == 8
        return shared

    monkeypatch.setattr(log_module, "_shared_out", meanwhile)
    some = [one for number in range(20) for one in by(number, f"p{number}")]
    store.append("town", "1", page(*some, cursor="2"), NOON + HOUR)
    with store.reading() as connection:
        query = select(log.c.partition, log.c.posts).where(log.c.at > NOON)
        rows = connection.execute(query).all()
    authors = [(row.partition, one.author) for row in rows for one in unpack(row.posts).posts]
    assert len(authors) == 21
    assert all(number == partition_of(("town", one.id), 8) for number, one in authors)


def test_what_is_too_much_for_one_row_or_one_claim_goes_into_several(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "packs", partial(packs, most=2000))
    monkeypatch.setattr(log_reading, "MOST_TAKEN", 5000)
    some = [f"p{number}" for number in range(9)]
    long = "Acme " * 300
    beside = (account("1", "ann1"), account("1", "ann1", bio="x" * 1500))
    store.append(
        "town",
        None,
        page(*by(1, *reversed(some), text=long), by(1, "huge", text=long * 4)[0], accounts=beside),
        NOON,
    )
    with store.reading() as connection:
        spans = connection.execute(select(log.c.first, log.c.last).order_by(log.c.last)).all()
    assert [span.first for span in spans] == [1, *(span.last + 1 for span in spans[:-1])]
    assert spans[-1].last == store.log_backlog() == 12
    assert len(spans) >= 10
    with store.claim("one", 1000, NOON) as claim:
        assert claim is not None
        assert 1 <= len(claim.posts) <= 3
    assert work_off(store) == 10
    assert set(stored(store)) == {*some, "huge"}
    assert store.skipped("town") == ()


def test_a_claim_reads_not_much_more_than_it_takes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile server writes as much as a post may hold, in as many posts as a claim may have."""
    monkeypatch.setattr(log_reading, "MOST_TAKEN", 200_000)
    monkeypatch.setattr(log_steps, "_OCTETS", 200_000)
    for at in range(60):
        text = Random(at).randbytes(50_000).hex()
        store.append("town", str(at) if at else None, page(*by(1, str(at), text=text),
                     cursor=str(at + 1)), NOON)  # fmt: skip
    tracemalloc.start()
    try:
        with store.claim("one", 1000, NOON) as claim:
            assert claim is not None
            assert 1 <= len(claim.posts) <= 2
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert work_off(store) == 60


def test_strange_texts_come_through_as_the_store_has_them(store: Store) -> None:
    odd = post("a", "nul\0 and \ud800 Acme \U0001f600", hashtags=("x\0",), language="fr\0")
    store.append("town", None, page(odd), NOON)
    work_off(store)
    (found,) = store.posts_after(0, 10)
    assert found.post.text == "nul\ufffd and \ufffd Acme \U0001f600"
    assert found.post.hashtags == ("x\ufffd",)
