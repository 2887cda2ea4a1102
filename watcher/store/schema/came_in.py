"""What came in: posts, their authors, and how far each source has been read."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    false,
)

from watcher.store.columns import Count, Key, Labels, Moment, RowId, Words
from watcher.store.schema.naming import metadata, names

accounts = Table(
    "accounts",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("network", Key, nullable=False),
    Column("id", Key, nullable=False),
    *names(),
    Column("folded_handle", Words, nullable=False, index=True),
    Column("url", Words, nullable=False),
    Column("created", Moment),
    Column("followers", Count),
    Column("following", Count),
    Column("bot", Boolean),
    Column("locked", Boolean),
    Column("discoverable", Boolean),
    Column("verified", Labels, nullable=False, server_default="[]"),
    Column("standing", Words, nullable=False, server_default=""),
    Column("last_post", Moment),
    # When the account looked like this: what arrives late and is older must not overwrite it.
    Column("seen", Moment, nullable=False),
    # Whether the look-alike rules have seen the account in its present form.
    Column("examined", Boolean, nullable=False),
    # Whether its names resemble a brand enough that what it does beside them matters.
    Column("alike", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("network", "id"),
)

Index(
    "ix_accounts_unexamined",
    accounts.c.row,
    sqlite_where=accounts.c.examined.is_(False),
    postgresql_where=accounts.c.examined.is_(False),
)

Index(
    "ix_accounts_alike",
    accounts.c.row,
    sqlite_where=accounts.c.alike.is_(True),
    postgresql_where=accounts.c.alike.is_(True),
)

account_forms = Table(  # how an account presented itself before: one row per change
    "account_forms",
    metadata,
    Column("row", RowId, primary_key=True),
    Column(
        "account", RowId, ForeignKey("accounts.row", ondelete="CASCADE"), nullable=False, index=True
    ),
    *names(),
    Column("until", Moment, nullable=False),
)

posts = Table(
    "posts",
    metadata,
    # The order of arrival, never given twice: every watermark is a number in it.
    Column("rid", RowId, primary_key=True),
    Column("seen", Moment, nullable=False),
    Column("network", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("author", RowId, ForeignKey("accounts.row"), nullable=False),
    Column("text", Words, nullable=False),
    Column("posted_at", Moment, nullable=False),
    Column("url", Words, nullable=False),
    Column("language", Words),
    Column("source", Words, nullable=False),
    Column("links", Labels, nullable=False),
    Column("titles", Labels, nullable=False, server_default="[]"),
    Column("hashtags", Labels, nullable=False),
    Column("mentions", Labels, nullable=False),
    Column("reply_to", Key),
    Column("reply_to_handle", Words),
    Column("repost_of", Key),
    Column("quote_of", Key),
    Column("media", Labels, nullable=False),
    Column("likes", Count),
    Column("reposts", Count),
    Column("replies", Count),
    Column("edited_at", Moment),
    Column("private", Boolean, nullable=False, server_default=false()),
    Column("alias", Key, nullable=False, server_default=""),
    Column("repost_author", Key, nullable=False, server_default=""),
    UniqueConstraint("network", "id"),
    Index(None, "author", "posted_at"),
    sqlite_autoincrement=True,
)

Index(  # a server says by it what was deleted
    "ix_posts_alias",
    posts.c.alias,
    sqlite_where=posts.c.alias != "",
    postgresql_where=posts.c.alias != "",
)

Index(  # what a post says goes with it, also where others passed it on
    "ix_posts_repost_of",
    posts.c.repost_of,
    sqlite_where=posts.c.repost_of.is_not(None),
    postgresql_where=posts.c.repost_of.is_not(None),
)

Index(  # who answered what
    "ix_posts_reply_to",
    posts.c.reply_to,
    sqlite_where=posts.c.reply_to.is_not(None),
    postgresql_where=posts.c.reply_to.is_not(None),
)

Index(  # who quoted what
    "ix_posts_quote_of",
    posts.c.quote_of,
    sqlite_where=posts.c.quote_of.is_not(None),
    postgresql_where=posts.c.quote_of.is_not(None),
)

Index(
    "ix_posts_repost_author",
    posts.c.repost_author,
    sqlite_where=posts.c.repost_author != "",
    postgresql_where=posts.c.repost_author != "",
)

aliases = Table(  # further names under which servers speak of a post, beside its first one
    "aliases",
    metadata,
    Column("name", Key, primary_key=True),
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), nullable=False, index=True),
)

tombstones = Table(  # posts that their networks deleted, as digests of their keys
    "tombstones",
    metadata,
    Column("name", Key, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
)

departures = Table(  # numbers of posts that left, and still have their words in the search index
    "departures",
    metadata,
    Column("rid", RowId, primary_key=True),
    # From when on their part of the index is to be built again for it.
    Column("due", Moment, nullable=False, index=True),
)

revisits = Table(  # when a post that waits may be asked about again, to learn what became of it
    "revisits",
    metadata,
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), primary_key=True),
    Column("again", Moment, nullable=False),
)

forgotten = Table(  # people who are not to be watched any more; nothing here says who they are
    "forgotten",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", Moment, nullable=False),
    # The account while what is stored of it is being erased; None when nothing is left.
    Column("account", RowId, ForeignKey("accounts.row", ondelete="SET NULL"), index=True),
    Column("posts", Count, nullable=False, default=0),
    sqlite_autoincrement=True,
)

forgotten_names = Table(  # keyed digests of ids and handles: what comes under them is kept out
    "forgotten_names",
    metadata,
    Column("name", Key, primary_key=True),
    Column(
        "person", RowId, ForeignKey("forgotten.id", ondelete="CASCADE"), nullable=False, index=True
    ),
)

sources = Table(
    "sources",
    metadata,
    Column("name", Key, primary_key=True),
    Column("cursor", Words),
    Column("posts", Count, nullable=False, default=0),
    Column("last_pull", Moment),
    Column("last_success", Moment),
    Column("last_error", Words, nullable=False, default=""),
    Column("last_help", Words, nullable=False, default=""),
    Column("failures", Integer, nullable=False, default=0),
    # How many seconds a stream lies behind the present; None where it is none, or never said.
    Column("behind", Float(53)),
)

source_networks = Table(  # of which networks a source brings posts: it can take away no others
    "source_networks",
    metadata,
    Column("source", Key, primary_key=True),
    Column("network", Key, primary_key=True),
)

pages = Table(  # what each step forward in a source brought; an empty step leaves no row
    "pages",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("source", Key, nullable=False),
    Column("at", Moment, nullable=False),
    Column("posts", Integer, nullable=False),
    Column("skipped", Count, nullable=False),
    Column("left_out", Count, nullable=False, server_default="0"),
    Index(None, "source", "at"),
)

skipped = Table(  # the first items of a page that could not be read as posts
    "skipped",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("source", Key, nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("place", Words, nullable=False),
    Column("why", Words, nullable=False),
)

gaps = Table(
    "gaps",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("source", Key, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("why", Words, nullable=False),
    Index(None, "source", "until"),
)

pulls = Table(
    "pulls",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("source", Key, nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment, nullable=False),
    Column("reached_newest", Boolean, nullable=False),
    Column("error", Words, nullable=False),
    Index(None, "source", "ended"),
)

progress = Table(  # watermarks over posts.rid, moved by conditional update only
    "progress",
    metadata,
    Column("name", Key, primary_key=True),
    Column("rid", RowId, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("name", Key, primary_key=True),
    Column("value", Words, nullable=False),
)

spending = Table(  # what sources that pay for reading have read
    "spending",
    metadata,
    Column("source", Key, primary_key=True),
    # In UTC, `2026-11-22`: bills begin anew at midnight there.
    Column("day", Key, primary_key=True),
    Column("reads", Count, nullable=False),
)

histories = Table(  # how much of what accounts wrote was fetched, whatever the sources brought
    "histories",
    metadata,
    Column("account", RowId, ForeignKey("accounts.row", ondelete="CASCADE"), primary_key=True),
    # The stretches of its timeline that were read without a hole, newest first, as JSON.
    Column("stretches", Words, nullable=False),
    # How many posts it has written, as the network said last; None where it did not.
    Column("total", Count),
    Column("fetched", Moment, nullable=False),
)
