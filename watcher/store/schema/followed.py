"""Whom channels follow, or propose to: the trail of it, and its pace."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from watcher.store.columns import Key, Labels, Moment, RowId, Why, Whys, Words
from watcher.store.schema.naming import metadata

proposals = Table(  # one per account, for ever
    "proposals",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("account", RowId, ForeignKey("accounts.row"), nullable=False, unique=True),
    Column("channel", Key, nullable=False),
    Column("rule", Words, nullable=False),
    Column("post", Words, nullable=False),
    Column("clause", Words, nullable=False),
    Column("reason", Why, nullable=False),
    Column("state", Words, nullable=False),
    Column("created", Moment, nullable=False),
    Column("decided", Moment),
    Column("by", Words, nullable=False, default=""),
    Column("note", Words, nullable=False, default=""),
    # The clauses of the policy that the account met, in words, and what they come to.
    Column("clauses", Labels, nullable=False, server_default="[]"),
    Column("grounds", Whys, nullable=False, server_default="[]"),
    Column("points", Integer, nullable=False, server_default="0"),
    Index(None, "state", "created"),
    sqlite_autoincrement=True,
)

follow_events = Table(  # the audit trail of follows: only ever grows, as triggers see to
    "follow_events",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("proposal", RowId, ForeignKey("proposals.id"), nullable=False, index=True),
    Column("channel", Key, nullable=False),
    Column("at", Moment, nullable=False),
    Column("event", Key, nullable=False),
    Column("detail", Words, nullable=False),
    Column("by", Words, nullable=False),
    Index(None, "channel", "at"),
)

follow_pace = Table(  # how fast channels follow, without a word of whom: only ever grows
    "follow_pace",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("channel", Key, nullable=False),
    Column("at", Moment, nullable=False),
    # `followed`, `paused`, `stopped` until a person says so, `resumed`, `notice` of moderators.
    Column("what", Key, nullable=False),
    # Until when nobody is followed.
    Column("until", Moment),
    # Why it paused or stopped, what a person noted, or which notice it was.
    Column("detail", Words, nullable=False, server_default=""),
    Column("by", Words, nullable=False, server_default=""),
    Index(None, "channel", "at"),
)

follow_skips = Table(  # whom a channel considered and left alone, and why it did so last
    "follow_skips",
    metadata,
    Column("account", RowId, ForeignKey("accounts.row", ondelete="CASCADE"), primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("clause", Key, nullable=False),
    Column("reason", Why, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)
