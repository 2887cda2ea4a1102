"""Posts that one worker has claimed, and how what was found in them is saved with them."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, and_, insert, or_, select, update

from rules.model import Account, Post, Suspect
from watcher.backends.interface import Page
from watcher.store.accounts import (
    Key,
    Met,
    Offer,
    add_offer,
    known_accounts,
    looks_otherwise,
    meet,
    save_met,
    unexamine_authors,
)
from watcher.store.copies import Copies, originals
from watcher.store.database import take_writers_lock
from watcher.store.edits import take_up_changes
from watcher.store.errors import StaleBatchError
from watcher.store.kept_out import without_forgotten
from watcher.store.leaving import bury_posts, without_deleted
from watcher.store.log_days import DAY
from watcher.store.log_rows import DamagedError, Written, unpack
from watcher.store.log_taken_back import taken_back
from watcher.store.matches import Findings, is_current, note_matched, write_examined, write_found
from watcher.store.posts import bring_up, insert_posts, newest, row_of
from watcher.store.queue import NOWHERE_ELSE, Places, Routes
from watcher.store.records import Batch, SavedMatches
from watcher.store.schema import (
    histories,
    log,
    log_cursors,
    log_heads,
    pages,
    posts,
    skipped,
    sources,
)
from watcher.store.surroundings import Around
from watcher.store.voices import Forms, hear_of

Keep = Literal["all", "matched"]
"""Which posts of the log are stored: every one, or those that something was found in."""

OriginalsOf = Callable[[str, datetime, int], Sequence[Post]]
"""What a rule found last: its name, since when, and how many at most; the oldest first."""


_Came = tuple[Post, datetime]
"""A post, and when it came."""
_CHUNK = 500


class Examined(NamedTuple):
    """What look-alike rules found in accounts, and where that goes."""

    suspects: Sequence[Suspect] = ()
    faint: Sequence[Suspect] = ()
    places: Places = NOWHERE_ELSE


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a worker's look-alike rules look at the accounts of a claim."""

    fingerprint: str
    """That of the rules and brands; where others are in use now, the accounts wait for these."""
    alike: Callable[[Account], bool]
    """Whether an account's names resemble a brand."""
    examine: Callable[[Sequence[Account], Around], Examined]
    """Holds accounts against the brands, by what is known beside their names too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedClaim:
    """What was really new of a claim."""

    posts: int
    """Posts that were stored, and had not been before."""
    found: SavedMatches


@dataclass(kw_only=True)
class Claim:
    """The next posts of a partition, those numbered `after < number <= upto`."""

    partition: int
    after: int
    upto: int
    posts: tuple[Post, ...]
    """By their authors as they are known now; no post twice."""
    worker: str
    writing: Callable[[], AbstractContextManager[Connection]]
    came: tuple[datetime, ...]
    """When each post came."""
    met: Mapping[Key, Met]
    """All accounts that came, the authors of the posts among them."""
    again: tuple[tuple[Post, datetime], ...] = ()
    """Posts that came once more, and say that they are private or have a further name."""
    damaged: Sequence[tuple[str, str, int, str]] = ()
    """What could not be read: the source, the place, how many, and why."""

    def save(
        self,
        findings: Findings,
        routes: Routes,
        now: datetime,
        *,
        keep: Keep = "all",
        wanted: Collection[str] = (),
        look: Look | None = None,
        copies: Callable[[OriginalsOf], Copies] | None = None,
        brands: Forms | None = None,
        places: Places = NOWHERE_ELSE,
    ) -> SavedClaim:
        """Save posts, findings, queue entries and that they are worked off, in one transaction.

        With `keep="matched"` only those posts are stored that something was found in, whose keys
        are in `wanted`, whose authors resemble a brand, or that are stored already. What was stored
        before is neither counted nor told again; what its author changed since waits to be matched
        as any other. Raises `StaleBatchError` where another process saved these posts meanwhile,
        `StoreError` otherwise; then nothing was saved.
        """
        with self.writing() as connection:
            take_writers_lock(connection)
            self._move_cursor(connection, now)
            return Saving(self, connection, look, keep, now).save(
                findings, routes, wanted, copies, brands, places
            )

    def pass_over(self, now: datetime) -> None:
        """Move on past these posts, and keep nothing of them. Raises as `save` does."""
        with self.writing() as connection:
            self._move_cursor(connection, now)

    def _move_cursor(self, connection: Connection, now: datetime) -> None:
        moved = connection.execute(
            update(log_cursors)
            .where(log_cursors.c.partition == self.partition, log_cursors.c.number == self.after)
            .values(number=self.upto, by=self.worker, at=now)
        )
        if moved.rowcount == 0:
            raise StaleBatchError(
                f"the posts after {self.after} of partition {self.partition} of the log were saved "
                "by another process meanwhile",
                help="Nothing is lost and nothing was saved twice; on SQLite one worker is enough.",
            )


class Saving:
    """One claim on its way into the store, within the one transaction that does it."""

    def __init__(
        self, claim: Claim, connection: Connection, look: Look | None, keep: Keep, now: datetime
    ) -> None:
        self._claim = claim
        self._connection = connection
        self._now = now
        self._keep = keep
        current = look is not None and is_current(connection, look.fingerprint)
        self._look = look if current else None
        self._alike = look.alike if look is not None else lambda _: False
        self._met = self._met_now()
        self._out: Counter[str] = Counter()
        self._new: Counter[str] = Counter()
        self._before = newest(connection)

    def save(
        self,
        findings: Findings,
        routes: Routes,
        wanted: Collection[str],
        copies: Callable[[OriginalsOf], Copies] | None,
        brands: Forms | None,
        places: Places,
    ) -> SavedClaim:
        """Do all of it: see `Claim.save`."""
        let_in, allowed = self._let_in()
        kept = let_in
        if self._keep == "matched":
            kept = self._kept(let_in, findings, wanted)
            # Of posts that are stored nowhere it cannot be known whether they came before.
            self._new.update(post.source for post, _ in let_in)
            self._new.subtract(post.source for post, _ in kept)
            allowed &= self._accounts_of(kept)
        batch = self._store(kept, allowed)
        self._new.update(post.source for post in batch.posts)
        heard: frozenset[str] = frozenset()
        if brands is not None:
            heard = hear_of(self._connection, brands, self._now, self._before)
        mine = {post.key for post in batch.posts}
        findings = replace(
            findings,
            found=[one for one in findings.found if one.post in mine],
            spoken=[one for one in findings.spoken if one.brand in heard],
        )
        found = write_found(
            self._connection,
            batch,
            findings,
            copies(partial(originals, self._connection)) if copies else {},
            routes,
            self._now,
            places=places,
            counts=brands is not None,
        )
        examined = self._examine(
            {_author_key(post.author) for post in batch.posts}, allowed, routes
        )
        self._note()
        return SavedClaim(
            posts=len(batch.posts),
            found=SavedMatches(
                matches=found.matches,
                suspects=found.suspects + examined.suspects,
                queued=found.queued + examined.queued,
                changed=found.changed + examined.changed,
            ),
        )

    def _met_now(self) -> dict[Key, Met]:
        """Return the accounts as they are known now: others may have written since the claim."""
        met = dict(self._claim.met)
        known = known_accounts(self._connection, met)
        stale = {key: one.offer for key, one in met.items() if known.get(key) != one.row}
        return met | meet(stale, known, clean=True)

    def _let_in(self) -> tuple[list[_Came], set[Key]]:
        """Return what is not kept out: not by those who were forgotten, and not deleted."""
        claim, connection = self._claim, self._connection
        accounts = tuple(one.account for one in self._met.values())
        page = Page(posts=claim.posts, accounts=accounts, cursor="", more=False)
        there = without_forgotten(connection, page)
        kept = {id(post) for post in without_deleted(connection, there.posts)}
        late = taken_back(connection, claim.posts, claim.came)
        if late:
            bury_posts(connection, [claim.posts[at] for at in late], self._now)
        let_in = [
            (post, came)
            for at, (post, came) in enumerate(zip(claim.posts, claim.came, strict=True))
            if id(post) in kept and at not in late
        ]
        if there is page:
            return let_in, set(self._met)
        return let_in, {_author_key(one) for one in there.accounts}

    def _kept(
        self, let_in: Sequence[_Came], findings: Findings, wanted: Collection[str]
    ) -> list[_Came]:
        """Return those of the posts that are stored where not all are."""
        keys = {one.post for one in (*findings.found, *findings.spoken)}.union(wanted)
        query = select(histories.c.account).limit(1)
        any_history = self._connection.execute(query).first() is not None
        sure = [one for one in let_in if one[0].key in keys or self._is_alike(one[0].author)]
        chosen = {id(post) for post, _ in sure}
        doubtful = [
            post
            for post, _ in let_in
            if id(post) not in chosen
            and (any_history or post.edited_at or post.private or post.alias)
        ]
        stored = _stored_among(self._connection, doubtful)
        chosen.update(id(post) for post in doubtful if _key(post) in stored)
        return [one for one in let_in if id(one[0]) in chosen]

    def _is_alike(self, author: Account) -> bool:
        row = self._met[_author_key(author)].row
        return (row is not None and row.alike) or self._alike(author)

    def _accounts_of(self, kept: Sequence[_Came]) -> set[Key]:
        """Return the accounts that are stored with these posts, or are already."""
        wanted = {_author_key(post.author) for post, _ in kept}
        return wanted.union(
            key for key, one in self._met.items() if one.row is not None or self._alike(one.account)
        )

    def _store(self, kept: Sequence[_Came], allowed: set[Key]) -> Batch:
        """Store accounts and posts; return the posts that are new, with their numbers."""
        connection, now = self._connection, self._now
        look = self._look
        plain = None if look is None else lambda account: not look.alike(account)
        met = {key: one for key, one in self._met.items() if key in allowed}
        authors = save_met(connection, met, plain, clean=True)
        rows = {
            _key(post): row_of(post, authors[_author_key(post.author)], post.source, came)
            for post, came in reversed(kept)
        }
        bring_up(connection, [post for post, _ in kept], rows, now)
        floor = newest(connection)
        insert_posts(connection, [*reversed(rows.values())], clean=True)
        query = select(posts.c.rid, posts.c.network, posts.c.id).where(posts.c.rid > floor)
        made = connection.execute(query.order_by(posts.c.rid)).all()
        if made:
            note_matched(connection, made[0][0], made[-1][0])
        again = [one for one in self._claim.again if _author_key(one[0].author) in authors]
        for post, came in again:
            row = row_of(post, authors[_author_key(post.author)], post.source, came)
            take_up_changes(connection, [post], {_key(post): row}, now)
        by_key = {_key(post): post for post, _ in kept}
        return Batch(
            after=floor,
            upto=made[-1][0] if made else floor,
            posts=tuple(by_key[row[1], row[2]] for row in made),
            rids=tuple(row[0] for row in made),
        )

    def _examine(self, wrote: set[Key], allowed: set[Key], routes: Routes) -> SavedMatches:
        """Hold against the brands who resembles one, and is new, changed or wrote something."""
        look = self._look
        if look is None:  # who does it later is to know who wrote
            unexamine_authors(self._connection, self._before)
            return SavedMatches()
        due = [
            one.account
            for key, one in self._met.items()
            if key in allowed and _is_due(one, look, wrote=key in wrote)
        ]
        if not due:
            return SavedMatches()
        found = look.examine(due, Around(self._connection))
        return write_examined(
            self._connection,
            due,
            found.suspects,
            routes,
            self._now,
            faint=found.faint,
            places=found.places,
        )

    def _note(self) -> None:
        """Count what was new of each source, and tell what could not be read."""
        lost: Counter[str] = Counter()
        for source, _, number, _ in self._claim.damaged:
            lost[source] += number
        for source in sorted({*self._new, *lost}):
            new = self._new[source]
            if new <= 0 and not lost[source]:
                continue
            counted = {"source": source, "at": self._now, "posts": max(new, 0)}
            self._connection.execute(insert(pages), counted | {"skipped": lost[source]})
            self._connection.execute(
                update(sources).where(sources.c.name == source).values(posts=sources.c.posts + new)
            )
        if self._claim.damaged:
            self._connection.execute(
                insert(skipped),
                [
                    {"source": source, "at": self._now, "place": place, "why": why}
                    for source, place, _, why in self._claim.damaged
                ],
            )


def _is_due(one: Met, look: Look, *, wrote: bool) -> bool:
    """Whether an account is to be examined now."""
    if one.row is None:
        return look.alike(one.account)
    if one.row.alike:
        return wrote or not one.row.examined or looks_otherwise(one)
    return looks_otherwise(one) and look.alike(one.account)


def _key(post: Post) -> Key:
    return post.network, post.id  # cut to keys on its way into the log


def _author_key(author: Account) -> Key:
    return author.network, author.id


def _stored_among(connection: Connection, some: Sequence[Post]) -> set[Key]:
    """Return the keys of those posts that are stored."""
    found: set[Key] = set()
    by_network: dict[str, list[str]] = {}
    for post in some:
        by_network.setdefault(_key(post)[0], []).append(_key(post)[1])
    for network, ids in by_network.items():
        for start in range(0, len(ids), _CHUNK):
            part = posts.c.id.in_(ids[start : start + _CHUNK])
            query = select(posts.c.network, posts.c.id).where(posts.c.network == network, part)
            found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def claim_next(
    connection: Connection, worker: str, limit: int, now: datetime, busy: Collection[int] = ()
) -> Claim | None:
    """Hold the partition in which most waits, and read its next posts; None where none waits."""
    waits = log_heads.c.number - log_cursors.c.number
    held = connection.execute(
        select(log_cursors.c.partition, log_cursors.c.number)
        .join(log_heads, log_heads.c.partition == log_cursors.c.partition)
        .where(waits > 0, log_cursors.c.partition.not_in(busy))
        .order_by(waits.desc(), log_cursors.c.partition)
        .limit(1)
        .with_for_update(of=log_cursors, skip_locked=True)
    ).first()
    if held is None:
        return None
    partition, after = held
    rows = connection.execute(
        select(log.c.first, log.c.last, log.c.at, log.c.source, log.c.posts)
        .where(log.c.partition == partition, log.c.last > after, log.c.first <= after + limit)
        .order_by(log.c.last)
    ).all()
    if not rows:
        return None  # another one was quicker, and has worked it off
    reading = _Reading(partition, now)
    upto = after
    for row in rows:
        if not reading.take(row):
            break
        upto = row.last
    return reading.claim(connection, worker, after, upto)


class _Reading:
    """The rows of a claim, put together."""

    def __init__(self, partition: int, now: datetime) -> None:
        self._partition = partition
        self._now = now
        self._offers: dict[Key, Offer] = {}
        self._written: dict[Key, tuple[Written, Key, str, datetime]] = {}
        self._again: list[tuple[Written, Key, str, datetime]] = []
        self._private: set[Key] = set()
        self._damaged: list[tuple[str, str, int, str]] = []

    def take(self, row: Any) -> bool:
        """Take a row; False where it has to wait: it holds another form of a post taken."""
        try:
            found = unpack(row.posts)
        except DamagedError as error:
            self._lose(row, row.last - row.first + 1, error.message)
            return True
        keys = [(one.fields[1], one.fields[2]) for one in found.posts]
        known = self._written
        if any(key in known and one.is_edited for key, one in zip(keys, found.posts, strict=True)):
            return False
        if found.damaged:
            self._lose(row, found.damaged, "what it says of them makes no post")
        for key, one in zip(keys, found.posts, strict=True):
            author = _author_key(one.author)
            add_offer(self._offers, one.author, min(one.posted_at, self._now), author)
            taken = (one, author, row.source, row.at)
            if key not in known:
                known[key] = taken
                continue
            if one.is_private:
                self._private.add(key)
            if one.is_private or one.has_alias:
                self._again.append(taken)
        for seen in found.accounts:
            add_offer(self._offers, seen.account, min(seen.at, self._now))
        return True

    def _lose(self, row: Any, number: int, why: str) -> None:
        place = f"log {self._partition}:{row.first}-{row.last}"
        self._damaged.append((row.source, place, number, why))

    def claim(self, connection: Connection, worker: str, after: int, upto: int) -> Claim:
        """Return the claim, its posts by their authors as they are known now."""
        met = meet(self._offers, known_accounts(connection, self._offers), clean=True)
        built = []
        for key, (one, author, source, _) in self._written.items():
            post = one.build(met[author].account, source)
            built.append(replace(post, private=True) if key in self._private else post)
        return Claim(
            partition=self._partition,
            after=after,
            upto=upto,
            posts=tuple(built),
            came=tuple(came for *_, came in self._written.values()),
            worker=worker,
            writing=lambda: nullcontext(connection),
            met=met,
            again=tuple(
                (one.build(met[author].account, source), came)
                for one, author, source, came in self._again
            ),
            damaged=self._damaged,
        )


def rows_of_day(
    connection: Connection, day: datetime, after: tuple[int, int], limit: int = 200
) -> Sequence[Any]:
    """Return the next rows of a day, after a partition and the last number in it."""
    return connection.execute(
        select(log.c.partition, log.c.last, log.c.source, log.c.at, log.c.posts)
        .where(
            log.c.at >= day,
            log.c.at < day + DAY,
            or_(
                log.c.partition > after[0],
                and_(log.c.partition == after[0], log.c.last > after[1]),
            ),
        )
        .order_by(log.c.partition, log.c.last)
        .limit(limit)
    ).all()


def readable(octets: bytes) -> Iterator[Written]:
    """Yield the posts of a row that can be read."""
    with suppress(DamagedError):
        yield from unpack(octets).posts
