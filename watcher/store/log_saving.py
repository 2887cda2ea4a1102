"""A claim on its way into the store: posts, what was found in them, and what of it is told."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, insert, select, update

from rules.model import Account, Post, Suspect
from watcher.backends.interface import Page
from watcher.store.accounts import (
    Key,
    Met,
    known_accounts,
    looks_otherwise,
    meet,
    save_met,
    unexamine_authors,
)
from watcher.store.copies import Copies, originals
from watcher.store.edits import take_up_changes
from watcher.store.kept_out import without_forgotten
from watcher.store.leaving import bury_posts, without_deleted
from watcher.store.log_claimed import Claimed, Keep, Look, OriginalsOf, SavedClaim, offers_of
from watcher.store.log_taken_back import departed, taken_back
from watcher.store.matches import Findings, is_current, note_matched, write_examined, write_found
from watcher.store.posts import bring_up, insert_posts, newest, row_of
from watcher.store.queue import Places, Routes
from watcher.store.raising import DOMAIN, linked_domains
from watcher.store.records import Batch, SavedMatches
from watcher.store.schema import pages, posts, skipped, sources
from watcher.store.surroundings import Around
from watcher.store.voices import Forms, hear_of

_Came = tuple[Post, datetime]
"""A post, and when it came."""
_CHUNK = 500


class Saving:
    """One claim on its way into the store, within the one transaction that does it."""

    def __init__(
        self, claim: Claimed, connection: Connection, look: Look | None, keep: Keep, now: datetime
    ) -> None:
        self._claim = claim
        self._connection = connection
        self._now = now
        self._keep = keep
        current = look is not None and is_current(connection, look.fingerprint)
        self._look = look if current else None
        self._alike = look.alike if look is not None else lambda _: False
        self._met = self._met_now()
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
            suspects=_linked(findings.suspects, batch),
            faint=_linked(findings.faint, batch),
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
        """Return the accounts as they are known now: others may have written since the claim.

        Of one that left while it waited only what came after that is known.
        """
        met, offered = dict(self._claim.met), self._claim.offered
        since = min((one.came for one in offered), default=self._now)
        gone = departed(self._connection, met, since)
        for key in gone:
            del met[key]
        stale = offers_of(one for one in offered if one.key in gone and one.came > gone[one.key])
        known = known_accounts(self._connection, [*met, *stale])
        stale |= {key: one.offer for key, one in met.items() if known.get(key) != one.row}
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
        keys = {one.post for one in findings.found}.union(wanted)
        keys.update(one.post for one in findings.spoken)
        sure = [post.key in keys or self._is_alike(post.author) for post, _ in let_in]
        doubtful = [post for (post, _), is_sure in zip(let_in, sure, strict=True) if not is_sure]
        stored = _stored_among(self._connection, doubtful)
        return [
            one
            for one, is_sure in zip(let_in, sure, strict=True)
            if is_sure or _key(one[0]) in stored
        ]

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


def _linked(found: Sequence[Suspect], batch: Batch) -> list[Suspect]:
    """Return what was found without the domains that no post leads to which is really new."""
    if not found:
        return []
    domains = set[str]().union(*map(linked_domains, batch.posts))
    return [
        one for one in found if not one.is_domain or one.subject.removeprefix(DOMAIN) in domains
    ]


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
