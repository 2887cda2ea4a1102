"""How well each source was read: what came, what was skipped, what failed, and the gaps."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, insert, select, update

from alerts.model import Coverage
from watcher.backends.interface import Page
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.records import SkippedItem, SourceState
from watcher.store.schema import gaps, pages, pulls, skipped, source_networks, sources


def note_page(connection: Connection, source: str, page: Page, new: int, now: datetime) -> None:
    """Record, in the page's own transaction, what it brought and the cursor that follows it."""
    upsert = insert_or(connection, sources)
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["name"],
            set_={"cursor": upsert.excluded.cursor, "posts": sources.c.posts + new},
        ),
        {"name": source, "cursor": page.cursor, "posts": new},
    )
    networks = {post.network for post in page.posts}
    if networks:
        connection.execute(
            insert_or(connection, source_networks).on_conflict_do_nothing(),
            [{"source": source, "network": network} for network in sorted(networks)],
        )
    skips = max(page.skipped_count, len(page.skipped))
    left_out = page.left_out
    if new or skips or left_out:
        counts = {"posts": new, "skipped": skips, "left_out": left_out}
        connection.execute(insert(pages), {"source": source, "at": now, **counts})
    if page.skipped:
        connection.execute(
            insert(skipped),
            [
                {"source": source, "at": now, "place": item.where, "why": item.why}
                for item in page.skipped
            ],
        )
    for gap in page.filled:
        told = and_(gaps.c.since == gap.since, gaps.c.until == gap.until, gaps.c.why == gap.why)
        connection.execute(delete(gaps).where(gaps.c.source == source, told))
    if page.gaps:
        connection.execute(
            insert(gaps),
            [
                {"source": source, "since": gap.since, "until": gap.until, "why": gap.why}
                for gap in page.gaps
            ],
        )


def coverage_of(
    connection: Connection, names: Sequence[str] | None, since: datetime, until: datetime
) -> tuple[Coverage, ...]:
    """Return the coverage after `since` up to `until` of the named sources, or of all known.

    A name that was never pulled gets an empty coverage rather than none.
    """
    states = {row.name: row for row in connection.execute(select(sources).order_by("name"))}
    wanted = tuple(states if names is None else names)
    came = _sums(
        connection,
        select(pages.c.source, *map(func.sum, (pages.c.posts, pages.c.skipped, pages.c.left_out)))
        .where(pages.c.source.in_(wanted), pages.c.at > since, pages.c.at <= until)
        .group_by(pages.c.source),
    )
    failed = func.sum(case((pulls.c.error != "", 1), else_=0))
    tried = _sums(
        connection,
        select(pulls.c.source, func.count(), failed)
        .where(pulls.c.source.in_(wanted), pulls.c.ended > since, pulls.c.ended <= until)
        .group_by(pulls.c.source),
    )
    nothing = (0, 0, 0)
    holes: dict[str, list[tuple[datetime, datetime, str]]] = {}
    query = select(gaps).where(gaps.c.until > since, gaps.c.since <= until).order_by(gaps.c.since)
    for row in connection.execute(query):
        holes.setdefault(row.source, []).append((row.since, row.until, row.why))
    return tuple(
        Coverage(
            source=name,
            since=since,
            until=until,
            posts=came.get(name, nothing)[0],
            skipped=came.get(name, nothing)[1],
            left_out=came.get(name, nothing)[2],
            pulls=tried.get(name, nothing)[0],
            failures=tried.get(name, nothing)[1],
            last_success=states[name].last_success if name in states else None,
            last_error=states[name].last_error if name in states else "",
            gaps=tuple(holes.get(name, ())),
        )
        for name in wanted
    )


def _sums(connection: Connection, query: Any) -> dict[str, tuple[int, ...]]:
    # PostgreSQL adds up integers to a Decimal.
    return {name: tuple(map(int, sums)) for name, *sums in connection.execute(query)}


class SourceCoverage(Database):
    """The part of the store that knows how reading went."""

    def record_pull(
        self,
        source: str,
        started: datetime,
        ended: datetime,
        *,
        reached_newest: bool,
        error: str = "",
        help: str = "",
    ) -> None:
        """Record one whole pull, well or badly ended.

        `error` is one sentence, empty when well; `help` says what to do about it, where known.
        """
        with self.writing() as connection:
            connection.execute(
                insert(pulls),
                {
                    "source": source,
                    "started": started,
                    "ended": ended,
                    "reached_newest": reached_newest,
                    "error": error,
                },
            )
            # Until where a stream had read holds only while it is open.
            state: dict[str, Any] = {"last_pull": ended, "last_error": error, "behind": None}
            state["last_help"] = help if error else ""
            state["failures"] = sources.c.failures + 1 if error else 0
            if reached_newest and not error:
                state["last_success"] = ended
            first = state | {"failures": 1 if error else 0, "name": source}
            connection.execute(
                insert_or(connection, sources).on_conflict_do_update(
                    index_elements=["name"], set_=state
                ),
                first,
            )

    def record_stream(
        self,
        source: str,
        began: datetime,
        now: datetime,
        behind: timedelta,
        *,
        reached_newest: bool,
    ) -> None:
        """Record that a stream open since `began` goes on, and how far it lies behind.

        All that was written until then is read. One row tells of the whole time that it was open.
        """
        read_until = now - behind
        with self.writing() as connection:
            query = (
                select(pulls.c.row)
                .where(pulls.c.source == source, pulls.c.ended >= began, pulls.c.error == "")
                .order_by(pulls.c.row.desc())
                .limit(1)
            )
            row = connection.execute(query).scalar()
            values = {"started": read_until, "ended": now, "reached_newest": reached_newest}
            if row is None:
                connection.execute(insert(pulls), values | {"source": source, "error": ""})
            else:
                connection.execute(update(pulls).where(pulls.c.row == row).values(values))
            state: dict[str, Any] = {
                "last_pull": now,
                "last_error": "",
                "last_help": "",
                "failures": 0,
                "behind": behind.total_seconds(),
            }
            if reached_newest:
                state["last_success"] = now
            connection.execute(
                insert_or(connection, sources).on_conflict_do_update(
                    index_elements=["name"], set_=state
                ),
                state | {"name": source},
            )

    def coverage(
        self, names: Sequence[str], since: datetime, until: datetime
    ) -> tuple[Coverage, ...]:
        """Return how well the named sources were watched after `since` up to `until`."""
        with self.reading() as connection:
            return coverage_of(connection, names, since, until)

    def first_reads(self) -> dict[str, datetime]:
        """Return when each source was read first, of the time that is still remembered."""
        first = func.min(pulls.c.started).label("first")
        query = select(pulls.c.source, first).group_by(pulls.c.source)
        with self.reading() as connection:
            return {row.source: row.first for row in connection.execute(query)}

    def source_states(self) -> tuple[SourceState, ...]:
        """Return how reading stands for every source ever pulled, by name."""
        with self.reading() as connection:
            rows = connection.execute(select(sources).order_by(sources.c.name)).all()
        return tuple(
            SourceState(
                name=row.name,
                cursor=row.cursor is not None,
                posts=row.posts,
                last_pull=row.last_pull,
                last_success=row.last_success,
                last_error=row.last_error,
                last_help=row.last_help,
                failures=row.failures,
                behind=None if row.behind is None else timedelta(seconds=row.behind),
            )
            for row in rows
        )

    def skipped(self, source: str, *, limit: int = 20) -> tuple[SkippedItem, ...]:
        """Return the newest items of a source that could not be read as posts."""
        query = select(skipped).where(skipped.c.source == source)
        with self.reading() as connection:
            rows = connection.execute(query.order_by(skipped.c.row.desc()).limit(limit)).all()
        return tuple(
            SkippedItem(source=row.source, at=row.at, where=row.place, why=row.why) for row in rows
        )
