"""Who is known by private posts alone: nobody outside is to learn of them."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists

from watcher.store.schema import accounts, posts, proposals, sightings, suspects


def is_hidden_suspect() -> ColumnElement[bool]:
    """Return the condition on `suspects` for those of whom there are none but private posts."""
    own = posts.alias("own")
    linked = posts.alias("linked")
    by_account = own.c.author == suspects.c.account
    with_link = exists().where(
        sightings.c.suspect == suspects.c.id, sightings.c.rid == linked.c.rid
    )
    private = _some(own, by_account, private=True) | with_link.where(linked.c.private.is_(True))
    public = _some(own, by_account, private=False) | with_link.where(linked.c.private.is_(False))
    return and_(private, ~public)


def is_hidden_account() -> ColumnElement[bool]:
    """Return the condition on `accounts` for those of whom there are none but private posts."""
    own = posts.alias("own")
    by_account = own.c.author == accounts.c.row
    return and_(_some(own, by_account, private=True), ~_some(own, by_account, private=False))


def is_hidden_proposal() -> ColumnElement[bool]:
    """Return the condition on `proposals` and `accounts` for those that a private post led to.

    Likewise for those of whose account there are none but private posts.
    """
    own = posts.alias("own")
    by_account = own.c.author == accounts.c.row
    key = own.c.network + ":" + own.c.id
    return _some(own, and_(by_account, key == proposals.c.post), private=True) | is_hidden_account()


def _some(table: Any, condition: ColumnElement[bool], *, private: bool) -> ColumnElement[bool]:
    return exists().where(condition, table.c.private.is_(private))
