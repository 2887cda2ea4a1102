"""Matches that are not told: copies of what was told, and repeats within a rule's silence."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, exists, select, update

from rules.model import Post
from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.posts import posts_from, select_posts
from watcher.store.schema import matches, posts, queue

Copies = Mapping[tuple[str, str], str]
"""By the rule and the key of the post: the key of the matched post that says the same."""


AHEAD = timedelta(minutes=1)
"""A match found by so much later than now was found by a process with another clock; one found
still later says that the clock was put back since, and silences nothing."""


class NewMatch(NamedTuple):
    """A match just inserted."""

    row: int
    rule: str
    rid: int


class Originals(Database):
    """The part of the store that knows what each rule found last."""

    def originals(self, rule: str, since: datetime, limit: int) -> tuple[Post, ...]:
        """Return the posts a rule found last after `since`, oldest match first.

        Copies are none, and neither is what was left out: nobody was told of it.
        """
        with self.reading() as connection:
            return originals(connection, rule, since, limit)


def originals(connection: Connection, rule: str, since: datetime, limit: int) -> tuple[Post, ...]:
    """Return the same as one transaction sees it."""
    query = (
        select_posts()
        .join(matches, matches.c.rid == posts.c.rid)
        .where(
            matches.c.rule == rule,
            matches.c.found > since,
            matches.c.copy_of.is_(None),
            matches.c.left_out.is_(None),
        )
        .order_by(matches.c.found.desc(), matches.c.row.desc())
        .limit(limit)
    )
    return tuple(one.post for one in posts_from(connection.execute(query).all()[::-1]))


def note_copies(
    connection: Connection,
    copies: Copies,
    new: Sequence[NewMatch],
    stored: Mapping[str, tuple[int, Post]],
) -> frozenset[int]:
    """Note of which match each new one is a copy; return the rows of those that are one."""
    row_of = {(one.rule, one.rid): one.row for one in new}
    wanted: list[tuple[int, str, str]] = []
    for (rule, key), original in copies.items():
        row = row_of.get((rule, stored[key][0]))
        if row is not None:
            wanted.append((row, rule, original))
    copied = []
    known: dict[tuple[str, str], int | None] = {}
    for row, rule, original in wanted:
        if (rule, original) not in known:
            if original in stored:
                known[rule, original] = row_of.get((rule, stored[original][0]))
            else:
                known[rule, original] = _row_of(connection, rule, original)
        first = known[rule, original]
        if first is not None and first != row:
            connection.execute(update(matches).where(matches.c.row == row).values(copy_of=first))
            copied.append(row)
    return frozenset(copied)


def _row_of(connection: Connection, rule: str, key: str) -> int | None:
    network, _, own = key.partition(":")
    query = (
        select(matches.c.row)
        .join(posts, posts.c.rid == matches.c.rid)
        .where(
            posts.c.network == storable_key(network),
            posts.c.id == storable_key(own),
            matches.c.rule == rule,
        )
    )
    return connection.execute(query).scalar()


def quiet_rules(
    connection: Connection, realert: Mapping[str, timedelta], now: datetime
) -> frozenset[str]:
    """Return the rules of which a match was told so lately that they stay silent."""
    told = exists().where(
        queue.c.match == matches.c.row, queue.c.silence.is_(None), queue.c.left_out.is_(None)
    )
    return frozenset(
        rule
        for rule, length in realert.items()
        if connection.execute(
            select(matches.c.row)
            .where(
                matches.c.rule == rule,
                matches.c.found > now - length,
                # Another one's clock may be a little ahead of ours; ours may have been put back.
                matches.c.found <= now + min(length, AHEAD),
                told,
            )
            .limit(1)
        ).first()
    )


def without_repeats(
    new: Sequence[NewMatch], realert: Mapping[str, timedelta], quiet: frozenset[str]
) -> Iterator[NewMatch]:
    """Yield the matches to tell: of a rule that falls silent after one, only that one."""
    silent = set(quiet)
    for one in new:
        if one.rule in silent:
            continue
        if one.rule in realert:
            silent.add(one.rule)
        yield one
