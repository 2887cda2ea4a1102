"""Counts what became of the drill's posts, and does it all over again without any trouble."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy import text as sql

from tests.log_drill.cast import ADA, CONFIG, Cast
from tests.log_drill.flood import SOURCES, Flood, rules_of
from tests.log_drill.mails import told
from watcher import pipeline
from watcher.app import App
from watcher.config import load
from watcher.store import Store
from watcher.store.schema import (
    accounts,
    deliveries,
    matches,
    payloads,
    posts,
    queue,
    spoken,
    suspects,
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was counted."""

    keep: str
    killed: Mapping[str, int]
    """Kills with signal 9, by what was killed."""
    kills: int
    within: int
    """How many processes had a transaction open when they were killed."""
    posts: int
    appended: int
    """Posts that got numbers in the log: some come more than once, as networks repeat them."""
    acknowledged: int
    """Pages that an appender wrote down as appended."""
    unacknowledged: int
    """Pages that were appended by processes that did not live to write it down."""
    claims: int
    matches: int
    suspects: int
    queued: int
    mails: int

    lost: int
    """Posts that were acknowledged and are not in the store, or were not worked off."""
    acknowledged_twice: int
    stored_twice: int
    numbers_missing: int
    """Numbers of the log that were never worked off, or are in it more or less than once."""
    replayed: int
    """Posts of the log that were handed out by more than one committed claim."""
    differing: Mapping[str, int]
    """Rows that the undisturbed run has and the store has not, or the other way, by their kind."""
    miscounted: int
    """By how much the counts of sources, pages and workers are off."""
    unmatched: int
    untold: int
    """Posts to be told at once that no mail tells of."""
    told_twice: int
    """Posts that two different mails tell of."""
    copies: int
    """Mails that came a second time, to the byte the same: at most one for each kill of a service
    or of PostgreSQL."""
    copies_that_differ: int
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether the promise held."""
        wrong = (
            self.lost, self.acknowledged_twice, self.stored_twice, self.numbers_missing,
            self.replayed, self.miscounted, self.unmatched, self.untold, self.told_twice,
            self.copies_that_differ, *self.differing.values(),
        )  # fmt: skip
        crashes = self.kills - self.killed.get("worker", 0) - self.killed.get("appender", 0)
        return not any(wrong) and self.copies <= crashes


def count(
    cast: Cast, flood: Flood, killed: Mapping[str, int], within: int, seconds: float
) -> Report:
    """Count, once nothing is left to do and all have ended."""
    acknowledged = Counter(_acknowledged(cast.folder))
    with closing(Store.open(cast.url)) as store:
        found, expected = findings(store), undisturbed(cast, flood)
        there = {int(one[0][1:]) for one in found["posts"]}
        handed = list(_handed(cast))
        status = store.status()
        copies = cast.office.copies()
        return Report(
            keep=cast.keep,
            killed=dict(killed),
            kills=sum(killed.values()),
            within=within,
            posts=flood.posts,
            appended=cast.appended(),
            acknowledged=len(acknowledged),
            unacknowledged=len(set(flood.order()) - set(acknowledged)),
            claims=len(handed),
            matches=found["matches"].total(),
            suspects=found["suspects"].total(),
            queued=found["queue"].total(),
            mails=len(cast.office.mails),
            lost=len(_wanted(flood, acknowledged, cast.keep) - there) + store.log_backlog(),
            acknowledged_twice=sum(number - 1 for number in acknowledged.values()),
            stored_twice=sum(number - 1 for number in found["posts"].values()),
            numbers_missing=_numbers_missing(store, flood),
            replayed=replayed(handed),
            differing={
                kind: _differing(expected[kind], found[kind], cast.keep, kind) for kind in expected
            },
            miscounted=_miscounted(store, cast, flood),
            unmatched=status.unmatched,
            untold=len(flood.alarms(flood.pages) - _told(store, cast)),
            told_twice=sum(number > 1 for number in told(cast.office.mails, ADA).values()),
            copies=copies.total() - len(copies),
            copies_that_differ=len(cast.office.differing()),
            seconds=round(seconds, 1),
        )


def _acknowledged(folder: Path) -> Iterator[tuple[str, int]]:
    for file in sorted((folder / "acknowledged").iterdir()):
        for line in file.read_text().splitlines():
            source, at = line.split()
            yield source, int(at)


def _wanted(flood: Flood, pages: Mapping[tuple[str, int], int], keep: str) -> set[int]:
    """Return what of these pages has to be in the store, by how the posts were made."""
    numbers = {number for source, at in pages for number in flood.numbers(source, at)}
    return numbers if keep == "all" else {one for one in numbers if rules_of(one)}


def findings(store: Store) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return what a store knows, without the numbers of rows and the times of its own."""
    queries = {
        "posts": select(posts.c.id, posts.c.text, posts.c.posted_at, accounts.c.id).join(
            accounts, accounts.c.row == posts.c.author
        ),
        "matches": select(posts.c.id, matches.c.rule, matches.c.spans, matches.c.left_out).join(
            posts, posts.c.rid == matches.c.rid
        ),
        "spoken": select(posts.c.id, spoken.c.brand, spoken.c.tone, spoken.c.complaint).join(
            posts, posts.c.rid == spoken.c.rid
        ),
        "suspects": select(
            suspects.c.subject, suspects.c.brand, suspects.c.rule, suspects.c.score,
            suspects.c.techniques, suspects.c.verdict,
        ),
        "accounts": select(accounts.c.id, accounts.c.handle),
        "queue": select(queue.c.channel, matches.c.rule, posts.c.id)
        .join(matches, matches.c.row == queue.c.match)
        .join(posts, posts.c.rid == matches.c.rid),
        "queued suspects": select(queue.c.channel, suspects.c.subject).join(
            suspects, suspects.c.id == queue.c.suspect
        ),
    }  # fmt: skip
    with store.reading() as connection:
        return {
            kind: Counter(tuple(map(_plain, row)) for row in connection.execute(query))
            for kind, query in queries.items()
        }


def _differing(
    expected: Counter[tuple[Any, ...]], found: Counter[tuple[Any, ...]], keep: str, kind: str
) -> int:
    """Count the rows that differ; with `keep = "matched"` posts and authors may be missing.

    Those that have to be there are counted as lost where they are not.
    """
    missing = (
        0 if keep == "matched" and kind in ("posts", "accounts") else (expected - found).total()
    )
    return missing + (found - expected).total()


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def undisturbed(cast: Cast, flood: Flood) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return what one process finds in the same pages, without a log, on SQLite."""
    folder = cast.folder / "undisturbed"
    folder.mkdir()
    path = folder / "watcher.toml"
    path.write_text(
        CONFIG.format(
            url=f"sqlite:///{folder / 'watcher.sqlite'}", keep="all", port=cast.office.port,
            folder=folder, ada=ADA, bob=ADA,
        )
    )  # fmt: skip
    moment = flood.start
    with App.open(load(path, {}), clock=lambda: moment) as app:
        pipeline.match(app)  # as the services did before anything came: from then on routes tell
        moment += timedelta(minutes=1)
        for source, at in flood.order():
            app.store.save_page(source, flood.page(source, at), moment)
        pipeline.match(app)
        return findings(app.store)


def _handed(cast: Cast) -> Iterator[tuple[int, int, int]]:
    """Yield which numbers of which partition each committed claim handed out."""
    for row in cast.ask("SELECT partition, after, upto FROM handed"):
        yield row[0], row[1], row[2]


def replayed(handed: Sequence[tuple[int, int, int]]) -> int:
    """Count the numbers that were handed out again; each claim: partition, after, up to."""
    again, ends = 0, Counter[int]()
    for partition, after, upto in sorted(handed):
        again += max(0, min(upto, ends[partition]) - after)
        ends[partition] = max(ends[partition], upto)
    return again


def _numbers_missing(store: Store, flood: Flood) -> int:
    """Count what is missing or too much: in the log, at the cursors, and in what was handed out."""
    heads = _sums(store, "SELECT partition, number FROM log_heads")
    wrong = abs(sum(heads.values()) - flood.said(flood.pages))
    for query in (
        "SELECT partition, number FROM log_cursors",
        "SELECT partition, sum(last - first + 1) FROM log GROUP BY partition",
        "SELECT partition, sum(upto - after) FROM handed GROUP BY partition",
    ):
        there = _sums(store, query)
        wrong += sum(abs(heads[one] - there.get(one, 0)) for one in {*heads, *there})
    return wrong


def _miscounted(store: Store, cast: Cast, flood: Flood) -> int:
    """Return by how much sources, their pages and workers say another number of posts."""
    counted = _sums(store, "SELECT name, posts FROM sources")
    # What is stored nowhere is not said again in the drill, so that each is new once there too.
    wrong = abs(sum(counted.values()) - flood.posts)
    told_by = ["SELECT source, sum(posts) FROM pages GROUP BY source"]
    if cast.keep == "all":
        told_by.append("SELECT source, count(*) FROM posts GROUP BY source")
    for query in told_by:
        told_there = _sums(store, query)
        wrong += sum(abs(counted.get(one, 0) - told_there.get(one, 0)) for one in SOURCES)
    # A worker tells what it did after it was committed: one that is killed may have done more.
    said = _sums(store, "SELECT id, posts FROM workers")
    handed = _sums(store, "SELECT worker, sum(upto - after) FROM handed GROUP BY worker")
    return wrong + sum(max(0, number - handed.get(one, 0)) for one, number in said.items())


def _sums(store: Store, query: str) -> Counter[Any]:
    """Return numbers by what they are about."""
    with store.reading() as connection:
        return Counter({key: int(number or 0) for key, number in connection.execute(sql(query))})


def _told(store: Store, cast: Cast) -> set[int]:
    """Return whom a mail told of, those among them that wait for a person after two attempts."""
    query = select(payloads.c.octets).join(deliveries, deliveries.c.id == payloads.c.delivery)
    with store.reading() as connection:
        parked = connection.execute(query.where(deliveries.c.state == "parked")).scalars()
        waiting = [(ADA, bytes(octets)) for octets in parked]
    return set(told([*cast.office.mails, *waiting], ADA))
