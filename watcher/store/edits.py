"""Posts that their authors changed: the new text takes the place of the old one, and is new to all.

A changed post gets a number of its own, as if it had arrived now: so it is matched again, indexed
again, and no watermark misses it. What people said of it and what was told stays with it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, delete, select, type_coerce, update

from rules.model import Post
from watcher.store.accounts import Key
from watcher.store.columns import storable, storable_key
from watcher.store.database import insert
from watcher.store.leaving import LEAVES_INDEX_IN, leave_index, mark_outdated, promote_copies
from watcher.store.records import Batch
from watcher.store.schema import alarms, aliases, matches, posts

_CHUNK = 500
_LABELS = ("links", "titles", "hashtags", "mentions", "media")
_WORDS = ("text", "url", "language")


def take_up_changes(
    connection: Connection,
    came: Sequence[Post],
    rows: Mapping[Key, dict[str, Any]],
    now: datetime,
) -> int:
    """Bring stored posts up to what a page says of them; return how many have another text now.

    `rows` are the posts as they would be stored, by network and id. Only a later `edited_at` by the
    same author changes a post: an older page undoes nothing. What one source says is private stays
    so, and each further name that a server has for a post is kept.
    """
    telling = {
        (storable_key(post.network), storable_key(post.id)): post
        for post in came
        if post.edited_at or post.private or post.alias
    }
    changed = 0
    for stored in _stored(connection, list(telling)):
        post = telling[stored.network, stored.id]
        if _is_later(post, stored, rows[stored.network, stored.id]["author"], now):
            changed += _change(connection, stored, post, rows[stored.network, stored.id], now)
        else:
            _add_alias(connection, stored.rid, stored.alias, post)
            if post.private and not stored.private:
                _make_private(connection, stored.rid)
    return changed


def _stored(connection: Connection, keys: Sequence[Key]) -> list[Row[Any]]:
    by_network: dict[str, list[str]] = {}
    for network, native in keys:
        by_network.setdefault(network, []).append(native)
    found: list[Row[Any]] = []
    for network, ids in by_network.items():
        for start in range(0, len(ids), _CHUNK):
            some = posts.c.id.in_(ids[start : start + _CHUNK])
            found += connection.execute(select(posts).where(posts.c.network == network, some))
    return found


def _is_later(post: Post, stored: Row[Any], author: int, now: datetime) -> bool:
    if post.edited_at is None or author != stored.author:
        return False
    return stored.edited_at is None or min(post.edited_at, now) > stored.edited_at


def _change(
    connection: Connection, stored: Row[Any], post: Post, row: dict[str, Any], now: datetime
) -> int:
    """Put the new form of a post in the place of the old one; return 1 where its text is new."""
    edited_at = row["edited_at"]
    _add_alias(connection, stored.rid, stored.alias, post)
    private = stored.private or post.private
    if _same(stored, post):
        if post.private and not stored.private:
            _make_private(connection, stored.rid)
        if edited_at < now:
            counts = {name: row[name] for name in ("likes", "reposts", "replies")}
            connection.execute(
                update(posts).where(posts.c.rid == stored.rid).values(edited_at=edited_at, **counts)
            )
        return 0
    mark_outdated(connection, [stored.rid])
    values = row | {
        "source": stored.source,
        "posted_at": stored.posted_at,
        "edited_at": edited_at,
        "private": private,
        "alias": stored.alias or row["alias"],
    }
    renew(connection, stored.rid, values, now)
    return 1


def renew(connection: Connection, rid: int, values: Mapping[str, Any], now: datetime) -> None:
    """Put a new row in the place of a post's: as if it arrived now, with all that hung on it."""
    # Out of the way of the new form; nobody sees it, for it goes within this transaction.
    aside = {"network": "", "id": str(rid), "alias": ""}
    connection.execute(update(posts).where(posts.c.rid == rid).values(aside))
    made = connection.execute(insert(connection, posts).returning(posts.c.rid), values)
    _move(connection, rid, made.scalar_one())
    connection.execute(delete(posts).where(posts.c.rid == rid))
    leave_index(connection, [rid], now + LEAVES_INDEX_IN)


def _same(stored: Row[Any], post: Post) -> bool:
    """Whether a post reads as it is stored."""
    words = all(_word(getattr(post, name)) == getattr(stored, name) for name in _WORDS)
    return words and all(
        tuple(map(storable, getattr(post, name))) == getattr(stored, name) for name in _LABELS
    )


def _word(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _move(connection: Connection, old: int, new: int) -> None:
    """Hang on a post's new number what hung on the old one; the marks in its text mean nothing."""
    of_post = matches.c.rid == old
    connection.execute(update(matches).where(of_post).values(rid=new, spans=()))
    connection.execute(update(aliases).where(aliases.c.rid == old).values(rid=new))
    evidence = type_coerce(alarms.c.evidence, Text).contains(f'"{old}"')
    for row in connection.execute(select(alarms.c.id, alarms.c.evidence).where(evidence)).all():
        moved = tuple(str(new) if one == str(old) else one for one in row.evidence)
        connection.execute(update(alarms).where(alarms.c.id == row.id).values(evidence=moved))


def _add_alias(connection: Connection, rid: int, known: str, post: Post) -> None:
    if post.alias and storable_key(post.alias) != known:
        add = insert(connection, aliases).on_conflict_do_nothing()
        connection.execute(add, {"name": post.alias, "rid": rid})


def _make_private(connection: Connection, rid: int) -> None:
    mark_outdated(connection, [rid])
    connection.execute(update(posts).where(posts.c.rid == rid).values(private=True))


def bring_up_to_date(
    connection: Connection, batch: Batch, found: Sequence[Mapping[str, Any]]
) -> None:
    """Bring what rules had found in posts of a batch, before these changed, up to `found`.

    What holds no more goes, and out of the queues and mails not sent; what a person has judged
    stays, with nothing marked.
    """
    if not batch.rids:
        return
    span = matches.c.rid.between(batch.rids[0], batch.rids[-1])
    query = select(matches.c.row, matches.c.rid, matches.c.rule, matches.c.verdict).where(span)
    ours = set(batch.rids)  # between them may lie what others matched
    before = [row for row in connection.execute(query) if row.rid in ours]
    now = {(row["rid"], row["rule"]): row for row in found}
    ended = []
    for row in before:
        holds = now.get((row.rid, row.rule))
        if holds is not None:
            values = {name: holds[name] for name in ("spans", "reason")}
            connection.execute(update(matches).where(matches.c.row == row.row).values(values))
        elif row.verdict is None:
            ended.append(row)
    if ended:
        mark_outdated(connection, [row.rid for row in ended])
        promote_copies(connection, [row.row for row in ended])
        for row in ended:
            connection.execute(delete(matches).where(matches.c.row == row.row))
