"""Histories of accounts: what they wrote before anybody watched, fetched when a person asks.

A history is nobody's news. What it brings is stored under a source of its own name, `HISTORY`, and
no rule looks at it: old posts raise no alert and distort no count of what was said when. Where a
source brings the same post later, it becomes that source's, and is new to all rules.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, select, update

from rules.model import Account
from watcher.backends.interface import Page
from watcher.store.accounts import key_of, save_accounts
from watcher.store.columns import storable_key
from watcher.store.database import Database, insert
from watcher.store.from_histories import HISTORY
from watcher.store.kept_out import without_forgotten
from watcher.store.leaving import without_deleted
from watcher.store.posts import newest, rows_of
from watcher.store.schema import accounts, histories, posts

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COUNTS = ("likes", "reposts", "replies")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A part of a timeline that was read without a hole, from its newest post back."""

    newest: datetime
    oldest: datetime
    place: str
    """Where the network goes on with what is older."""
    whole: bool = False
    """Whether the network showed nothing older."""


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """How much of what an account wrote was fetched."""

    stretches: tuple[Stretch, ...]
    """Newest first; they do not overlap."""
    total: int | None
    """How many posts it has written, as the network said last."""
    fetched: datetime


class Histories(Database):
    """The part of the store that keeps histories."""

    def history_of(self, key: str) -> History | None:
        """Return how much was fetched of the account with a key; None where nothing ever was."""
        query = (
            select(histories).join(accounts, accounts.c.row == histories.c.account).where(_is(key))
        )
        with self.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return History(stretches=_stretches_in(row.stretches), total=row.total, fetched=row.fetched)

    def save_history(self, account: Account, page: Page, history: History) -> int:
        """Save a page of an account's history and how far it reaches; return how many are new.

        In one transaction. Posts stored before stay as they are, but for how often they were liked,
        passed on and answered. Posts of others on the page, deleted ones and what was written by
        somebody who was forgotten are left out, and accounts beside the author too. Raises
        `StoreError`; then nothing of it was saved.
        """
        with self.writing() as connection:
            now = history.fetched
            own = tuple(post for post in page.posts if post.author.key == account.key)
            let_in = without_forgotten(connection, replace(page, posts=own, accounts=(account,)))
            let_in = replace(let_in, posts=without_deleted(connection, let_in.posts))
            if not let_in.accounts:
                return 0
            authors = save_accounts(connection, let_in, now)
            before = newest(connection)
            if let_in.posts:
                rows = rows_of(let_in.posts, authors, HISTORY, now)
                connection.execute(
                    insert(connection, posts).on_conflict_do_nothing(), [*reversed(rows.values())]
                )
                _bring_counts(connection, let_in)
            added = select(func.count()).select_from(posts).where(posts.c.rid > before)
            new = connection.execute(added).scalar_one()
            _keep(connection, authors[key_of(account)], history)
        return new


def _is(key: str) -> Any:
    network, _, native = key.partition(":")
    return and_(accounts.c.network == storable_key(network), accounts.c.id == storable_key(native))


def _bring_counts(connection: Connection, page: Page) -> None:
    """Take over what a network says now of posts that were read when they were new."""
    told = [
        {"n": post.network, "i": post.id} | {f"new_{name}": getattr(post, name) for name in _COUNTS}
        for post in page.posts
        if any(getattr(post, name) is not None for name in _COUNTS)
    ]
    if told:
        values: dict[str, Any] = {
            name: func.coalesce(bindparam(f"new_{name}", type_=posts.c[name].type), posts.c[name])
            for name in _COUNTS
        }
        here = and_(posts.c.network == bindparam("n"), posts.c.id == bindparam("i"))
        connection.execute(update(posts).where(here).values(values), told)


def _keep(connection: Connection, account: int, history: History) -> None:
    values = {
        "account": account,
        "stretches": _written(history.stretches),
        "total": history.total,
        "fetched": history.fetched,
    }
    upsert = insert(connection, histories)
    changed = {name: upsert.excluded[name] for name in ("stretches", "total", "fetched")}
    connection.execute(
        upsert.on_conflict_do_update(index_elements=["account"], set_=changed), values
    )


def _written(stretches: Sequence[Stretch]) -> str:
    return json.dumps(
        [[_number(one.newest), _number(one.oldest), one.place, one.whole] for one in stretches]
    )


def _stretches_in(text: str) -> tuple[Stretch, ...]:
    return tuple(
        Stretch(newest=_moment(new), oldest=_moment(old), place=place, whole=whole)
        for new, old, place, whole in json.loads(text)
    )


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=number)
