"""What the rules found: matches, alarms, suspects, and what people said of them."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, UniqueConstraint

from watcher.store.columns import Key, Labels, Moment, RowId, Spans, Why, Whys, Words
from watcher.store.schema.naming import metadata

routes = Table(  # which rule feeds which channel, and since when it has been watching
    "routes",
    metadata,
    Column("channel", Key, primary_key=True),
    Column("rule", Key, primary_key=True),
    Column("since", Moment, nullable=False),
)

matches = Table(
    "matches",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), nullable=False),
    Column("rule", Key, nullable=False),
    Column("found", Moment, nullable=False),
    Column("spans", Spans, nullable=False),
    Column("reason", Why, nullable=False),
    # When the post was written, and never later than it was found: rates count in this time.
    Column("posted_at", Moment, nullable=False, server_default="0"),
    # What a person said of it last: `relevant`, `irrelevant` or nothing.
    Column("verdict", Words),
    # The match whose post says the same and was told already.
    Column("copy_of", RowId, ForeignKey("matches.row", ondelete="SET NULL"), index=True),
    # The brand that its post is taken for not about, where it is not told for that.
    Column("left_out", Key),
    UniqueConstraint("rid", "rule"),
    Index(None, "rule", "found"),
    Index(None, "rule", "posted_at"),
)

Index(
    "ix_matches_left_out",
    matches.c.row,
    sqlite_where=matches.c.left_out.is_not(None),
    postgresql_where=matches.c.left_out.is_not(None),
)

judgements = Table(  # what people said of matches: only ever grows
    "judgements",
    metadata,
    Column("row", RowId, primary_key=True),
    Column(
        "match", RowId, ForeignKey("matches.row", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("verdict", Words),  # None takes back what was said before
    Column("note", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
)

rates = Table(  # since when each rule with a rate has been watching
    "rates",
    metadata,
    Column("rule", Key, primary_key=True),
    # What the rule looks for, in short: another form begins anew.
    Column("form", Words, nullable=False),
    Column("since", Moment, nullable=False),
    # The match after which it still has to judge, though others went on: it is new, or failed.
    Column("behind", RowId),
)

known_terms = Table(  # what rules that tell of new terms have met, and when they met it last
    "known_terms",
    metadata,
    Column("rule", Key, primary_key=True),
    Column("value", Key, primary_key=True),
    Column("last", Moment, nullable=False, index=True),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("rule", Key, nullable=False),
    Column("kind", Key, nullable=False),
    # The author, brand or domain it is about; empty where the rule keeps none apart.
    Column("group", Key, nullable=False),
    Column("raised", Moment, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("count", Integer, nullable=False),
    Column("reason", Why, nullable=False),
    # The `rid` of posts that raised it; some may have been forgotten since.
    Column("evidence", Labels, nullable=False),
    # When it was last seen to go on, and when it was found to be over: None until then.
    Column("going", Moment),
    Column("ended", Moment),
    # Who has seen to it, and when.
    Column("acknowledged", Moment),
    Column("acknowledged_by", Words, nullable=False, server_default=""),
    UniqueConstraint("rule", "kind", "group", "until"),
    sqlite_autoincrement=True,
)

suspects = Table(
    "suspects",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("subject", Key, nullable=False, unique=True),
    Column("account", RowId, ForeignKey("accounts.row"), index=True),
    Column("name", Words, nullable=False),
    Column("display_name", Words, nullable=False),
    Column("brand", Key, nullable=False),
    Column("rule", Key, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("techniques", Labels, nullable=False),
    Column("reason", Why, nullable=False),
    Column("evidence", Whys, nullable=False),
    Column("verdict", Words, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    # The score of its names alone, the signs beside them, and how the account presented itself: for
    # a suspect that was judged, what it was judged on. None where nobody kept them.
    Column("likeness", Float(53)),
    Column("signs", Labels),
    Column("bio", Words),
    Column("avatar", Words),
    Index(None, "verdict", "score"),
    sqlite_autoincrement=True,
)

suspect_events = Table(  # what became of a suspect, verdicts included: only ever grows
    "suspect_events",
    metadata,
    Column("row", RowId, primary_key=True),
    Column(
        "suspect", RowId, ForeignKey("suspects.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("at", Moment, nullable=False),
    Column("kind", Words, nullable=False),
    Column("what", Why),
    Column("score", Float(53)),
    Column("before", Float(53)),
    Column("by", Words, nullable=False, server_default=""),
    Column("note", Words, nullable=False, server_default=""),
    Column("verdict", Words),
)

avatars = Table(  # what the pictures of brands' own accounts and of those alike to them look like
    "avatars",
    metadata,
    Column("account", RowId, ForeignKey("accounts.row", ondelete="CASCADE"), primary_key=True),
    Column("address", Words, nullable=False),
    # 32 hexadecimal digits; None where the picture could not be had or read, and `error` why.
    Column("hash", Words),
    Column("error", Words, nullable=False, server_default=""),
    Column("fetched", Moment, nullable=False),
)

sightings = Table(  # which posts link to a suspect domain (those by a suspect account need no row)
    "sightings",
    metadata,
    Column("suspect", RowId, ForeignKey("suspects.id", ondelete="CASCADE"), primary_key=True),
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), primary_key=True, index=True),
)

sweeps = Table(  # what networks were asked about names that could imitate a brand
    "sweeps",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("brand", Key, nullable=False),
    Column("network", Key, nullable=False),
    # Whether the account of exactly this name was asked for ("name"), or those with it ("search").
    Column("kind", Key, nullable=False),
    Column("name", Key, nullable=False),
    Column("state", Words, nullable=False),
    Column("checked", Moment, nullable=False),
    # What was said in the place of an answer.
    Column("said", Words, nullable=False, server_default=""),
    Column("account", RowId, ForeignKey("accounts.row", ondelete="SET NULL"), index=True),
    UniqueConstraint("brand", "network", "kind", "name"),
)
