"""The tables, and why each is there. `migrations/` brings a database to this shape."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    false,
)

from watcher.store.columns import Count, Key, Labels, Moment, RowId, Spans, Why, Whys, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _names() -> list[Column[str]]:
    """Make the four columns by which an account presents itself."""
    return [Column(name, Words, nullable=False) for name in ("handle", "display_name", "bio")] + [
        Column("avatar", Words, nullable=False)
    ]


# --- what came in -------------------------------------------------------------------------------

accounts = Table(
    "accounts",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("network", Key, nullable=False),
    Column("id", Key, nullable=False),
    *_names(),
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
    *_names(),
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

# --- how far each step has come -----------------------------------------------------------------

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

# --- what was found -----------------------------------------------------------------------------

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

# --- what goes out ------------------------------------------------------------------------------

channels = Table(
    "channels",
    metadata,
    Column("name", Key, primary_key=True),
    Column("last_slot", Moment),
    # The newest proposed follow that a digest of this channel has told of.
    Column("proposals_told", RowId, nullable=False, default=0),
    # Since when it is there to say something: a channel that never did counts from here.
    Column("since", Moment),
)

digests = Table(
    "digests",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("channel", Key, nullable=False),
    Column("slot", Moment, nullable=False),
    Column("created", Moment, nullable=False),
    Column("summary", Words, nullable=False),
    Column("mentions", Integer, nullable=False),
    Column("suspects", Integer, nullable=False),
    Column("more", Integer, nullable=False),
    # What it was made from, to make it again where a post in it is deleted before it leaves.
    Column("since", Moment),
    Column("late", Boolean, nullable=False, server_default=false()),
    Column("first", Boolean, nullable=False, server_default=false()),
    Column("proposals_from", RowId),
    Column("proposals_to", RowId),
    # How often what it holds was deleted or changed since: what is not sent is made again first.
    Column("outdated", Integer, nullable=False, server_default="0"),
    # `digest` of what waited, `report`, or what was told beside: `escalation`, `heartbeat`,
    # `blind`.
    Column("kind", Key, nullable=False, server_default="digest"),
    # What it says beside what waited, such as why it left early.
    Column("notices", Whys, nullable=False, server_default="[]"),
    # Whether somebody is to acknowledge it, and who did when.
    Column("urgent", Boolean, nullable=False, server_default=false()),
    Column("acknowledged", Moment),
    Column("acknowledged_by", Words, nullable=False, server_default=""),
    # The digest that told others that nobody had.
    Column("escalation", RowId, ForeignKey("digests.id", ondelete="SET NULL"), index=True),
    # Whether it leaves in quiet hours too.
    Column("despite_quiet", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("channel", "slot"),
    sqlite_autoincrement=True,
)

silences = Table(  # what is not to be told for a while, who said so and why
    "silences",
    metadata,
    Column("id", RowId, primary_key=True),
    # What it is about; empty means whatever it is.
    *(Column(name, Words, nullable=False) for name in ("rule", "brand", "channel", "author")),
    Column("find", Words, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False, index=True),
    Column("because", Words, nullable=False),
    Column("by", Words, nullable=False),
    # Who ended it before its time.
    Column("ended_by", Words, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

outages = Table(  # sources that a channel was told cannot be read, until it was told of their end
    "outages",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("channel", Key, nullable=False),
    Column("source", Key, nullable=False),
    # Since when it was not read, when the channel was told, and when of the end.
    Column("since", Moment, nullable=False),
    Column("told", Moment, nullable=False),
    Column("back", Moment),
    Index(None, "channel", "source"),
)

queue = Table(  # what waits for a channel: a match, a suspect or an alarm, once each
    "queue",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("channel", Key, nullable=False),
    Column("match", RowId, ForeignKey("matches.row", ondelete="CASCADE")),
    Column("suspect", RowId, ForeignKey("suspects.id", ondelete="CASCADE")),
    Column("queued", Moment, nullable=False),
    # When the channel took it (None: it waits), and into which digest.
    Column("taken", Moment),
    Column("digest", RowId, ForeignKey("digests.id", ondelete="SET NULL"), index=True),
    Column("alarm", RowId, ForeignKey("alarms.id", ondelete="CASCADE")),
    # Of a suspect that was told before: the first event that is news. The others are told whole.
    Column("event", RowId, ForeignKey("suspect_events.row", ondelete="SET NULL")),
    # The route that brought it, in words; None where its rule names the channel.
    Column("route", Why),
    # The silence that keeps it from being told: it is taken, and counted by the next digest.
    Column("silence", RowId, ForeignKey("silences.id", ondelete="SET NULL"), index=True),
    # The alarm for which it waits: it is told when that is over.
    Column("held", RowId, ForeignKey("alarms.id", ondelete="SET NULL"), index=True),
    # How often an alarm was told again.
    Column("repeats", Integer, nullable=False, server_default="0"),
    # The brand that its post is taken for not about: it is taken, and counted by the next digest.
    Column("left_out", Key),
    UniqueConstraint("match", "channel"),
    UniqueConstraint("suspect", "channel"),
    Index(None, "alarm", "channel", unique=True),
    sqlite_autoincrement=True,
)
Index(
    "ix_queue_waiting",
    queue.c.channel,
    queue.c.row,
    sqlite_where=queue.c.taken.is_(None),
    postgresql_where=queue.c.taken.is_(None),
)

Index(
    "ix_queue_left_out",
    queue.c.channel,
    sqlite_where=queue.c.left_out.is_not(None),
    postgresql_where=queue.c.left_out.is_not(None),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column(
        "digest", RowId, ForeignKey("digests.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("channel", Key, nullable=False),
    Column("recipient", Words, nullable=False),
    Column("message_id", Key, nullable=False, unique=True),
    Column("state", Words, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("uncertain", Integer, nullable=False, default=0),
    Column("created", Moment, nullable=False),
    Column("next_attempt", Moment),
    Column("answer", Words, nullable=False, default=""),
    Column("settled", Moment),
    # What the payload is: a mail ("email"), or what a channel of another kind hands over.
    Column("kind", Key, nullable=False, server_default="email"),
    # What its own address for bounces and answers holds: nobody can make one up. None for what is
    # no mail.
    Column("token", Key),
    Index(None, "state", "next_attempt"),
    Index(None, "token", unique=True),
    sqlite_autoincrement=True,
)

payloads = Table(  # apart: SQLite writes the whole of a row anew whenever its state changes
    "payloads",
    metadata,
    Column("delivery", RowId, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("octets", LargeBinary, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column(
        "delivery",
        RowId,
        ForeignKey("deliveries.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("started", Moment, nullable=False),
    # Set just before the first byte of the message leaves: from here on it may have arrived.
    Column("handed_over", Moment),
    Column("ended", Moment),
    Column("outcome", Words),
    Column("answer", Words, nullable=False, default=""),
    # Which of several processes tries it; empty where only one works on the database.
    Column("by", Words, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

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

spending = Table(  # what sources that pay for reading have read
    "spending",
    metadata,
    Column("source", Key, primary_key=True),
    # In UTC, `2026-11-22`: bills begin anew at midnight there.
    Column("day", Key, primary_key=True),
    Column("reads", Count, nullable=False),
)

spoken = Table(  # which posts speak of which brand, whatever the rules: to compare how many do
    "spoken",
    metadata,
    Column("brand", Key, primary_key=True),
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), primary_key=True, index=True),
    # When the post was written, and never later than it was matched.
    Column("posted_at", Moment, nullable=False),
    # `negative`, `neutral` or `positive`; empty where nothing could tell.
    Column("tone", Key, nullable=False, server_default=""),
    # How likely the tone is, 0 to 1, as the model takes it; 1 where a person said it.
    Column("confidence", Float(53)),
    # What the model told, where `tone` and `confidence` are what a person said instead.
    Column("told", Key, nullable=False, server_default=""),
    Column("told_confidence", Float(53)),
    # Its words in short: posts with the same ones say the same.
    Column("said", Key, nullable=False, server_default=""),
    # Whether somebody complains in it.
    Column("complaint", Boolean, nullable=False, server_default=false()),
    # How likely it is about the brand and not the common word, 0 to 1; None where nobody asked.
    Column("relevance", Float(53)),
    # Whether that is clearly too little: it is counted for nothing, and not told.
    Column("left_out", Boolean, nullable=False, server_default=false()),
    Index(None, "brand", "posted_at"),
    Index(None, "brand", "said"),
)

tone_judgements = Table(  # what people said of the tone in which posts speak of a brand: only grows
    "tone_judgements",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), nullable=False, index=True),
    Column("brand", Key, nullable=False),
    Column("said", Key, nullable=False),  # the words of the post in short, as in `spoken`
    Column("tone", Words),  # None takes back what was said before
    Column("note", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "brand", "said"),
)

tone_corrections = Table(  # what was learnt from these judgements, where it helps
    "tone_corrections",
    metadata,
    Column("brand", Key, primary_key=True),
    Column("learnt", Words, nullable=False),  # JSON
    Column("at", Moment, nullable=False),
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

handled = Table(  # what colleagues did with posts that wait for an answer: only ever grows
    "handled",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    # `done`, `later` or `reopened`.
    Column("what", Key, nullable=False),
    # With `later`: when it is to be shown again.
    Column("until", Moment),
    Column("note", Words, nullable=False),
    Column("by", Words, nullable=False),
)

heard = Table(  # since when posts that speak of a brand are counted
    "heard",
    metadata,
    Column("brand", Key, primary_key=True),
    # Its spellings, in short: with other ones the counting begins anew.
    Column("form", Words, nullable=False),
    Column("since", Moment, nullable=False),
    # Posts up to this one came before the brand was known, and are not counted yet.
    Column("below", RowId, nullable=False, server_default="0"),
)

returned = Table(  # mails that came back to the addresses of deliveries, each handled once
    "returned",
    metadata,
    Column("id", RowId, primary_key=True),
    # A digest of the whole mail: who sees it again knows that it was handled.
    Column("mark", Key, nullable=False, unique=True),
    Column(
        "delivery",
        RowId,
        ForeignKey("deliveries.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("at", Moment, nullable=False),
    # `hard`, `soft`, `delayed`, `arrived`, `automatic`, `unsubscribed`, `answer` or `letter`.
    Column("kind", Key, nullable=False),
    Column("said", Words, nullable=False),
    # Who says to have written it.
    Column("by", Words, nullable=False),
    sqlite_autoincrement=True,
)

suppressions = Table(  # addresses that get no mail any more, until somebody lifts it
    "suppressions",
    metadata,
    Column("id", RowId, primary_key=True),
    # In small letters, without a name.
    Column("recipient", Key, nullable=False, index=True),
    # The only channel that it is about; empty where it is about all.
    Column("channel", Key, nullable=False),
    Column("since", Moment, nullable=False),
    # `bounced`, `refused` or `unsubscribed`.
    Column("why", Key, nullable=False),
    Column("detail", Words, nullable=False),
    Column("delivery", RowId, ForeignKey("deliveries.id", ondelete="SET NULL"), index=True),
    Column("lifted", Moment),
    Column("lifted_by", Words, nullable=False, server_default=""),
    sqlite_autoincrement=True,
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

retold = Table(  # which digests told an alarm before it was told again
    "retold",
    metadata,
    Column("digest", RowId, ForeignKey("digests.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "alarm", RowId, ForeignKey("alarms.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
)

# --- what many machines share -------------------------------------------------------------------

log = Table(  # posts on their way from sources to workers: a row for some posts that came together
    "log",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    # The numbers of its posts, `first` to `last`: without a gap within a partition.
    Column("last", Count, primary_key=True, autoincrement=False),
    # When they came. PostgreSQL keeps a table for each day, and old ones are dropped whole.
    Column("at", Moment, primary_key=True, autoincrement=False),
    Column("first", Count, nullable=False),
    Column("source", Key, nullable=False),
    Column("posts", LargeBinary, nullable=False),
    postgresql_partition_by="RANGE (at)",
)

log_heads = Table(  # the last number given in each partition: who appends holds the row
    "log_heads",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("number", Count, nullable=False, server_default="0"),
)

log_cursors = Table(  # up to where each partition is worked off: who works on it holds the row
    "log_cursors",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("number", Count, nullable=False, server_default="0"),
    # Who worked on it last, and when.
    Column("by", Words, nullable=False, server_default=""),
    Column("at", Moment),
)

log_matched = Table(  # posts, by their numbers, that workers stored above the watermark of `match`
    "log_matched",
    metadata,
    Column("first", RowId, primary_key=True, autoincrement=False),
    Column("last", RowId, nullable=False),
)

slots = Table(  # which turn of the schedule who took: a second one to take it is refused
    "slots",
    metadata,
    Column("job", Key, primary_key=True),
    Column("slot", Moment, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("by", Words, nullable=False),
    # When the turn was done; None while it is under way, or where it was cut off.
    Column("ended", Moment),
)

workers = Table(  # processes on any machine that work on this database, and their signs of life
    "workers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("host", Words, nullable=False),
    Column("pid", Count, nullable=False),
    # `leads`, `stands by` or `works`.
    Column("role", Key, nullable=False),
    Column("started", Moment, nullable=False),
    Column("beat", Moment, nullable=False, index=True),
    # When it left in good order; None while it works, or where it was killed.
    Column("stopped", Moment),
    Column("posts", Count, nullable=False, server_default="0"),
    Column("matches", Count, nullable=False, server_default="0"),
    # What goes wrong at present, in one line.
    Column("trouble", Words, nullable=False, server_default=""),
    # The fingerprint of the configuration that it goes by.
    Column("config", Key, nullable=False, server_default=""),
)

jobs = Table(  # back-tests and scans over archives
    "jobs",
    metadata,
    Column("id", RowId, primary_key=True),
    # `backtest` or `scan-accounts`.
    Column("kind", Key, nullable=False),
    # All that a shard needs to be worked on anywhere, as JSON.
    Column("asked", Words, nullable=False),
    # `running`, `stopped`, `done`, `cancelled` or `failed`.
    Column("state", Key, nullable=False),
    Column("created", Moment, nullable=False),
    Column("ended", Moment),
    # Who drives it, or did last: host and process.
    Column("by", Words, nullable=False),
    # Counts the drivers: what an earlier one still writes is refused.
    Column("turn", Integer, nullable=False, server_default="0"),
    # The last sign of life of the driver.
    Column("beat", Moment),
    sqlite_autoincrement=True,
)

shards = Table(  # the ledger of jobs: a shard is done in the transaction that brings its hits
    "shards",
    metadata,
    Column("job", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    # Which part of which file, as JSON.
    Column("place", Words, nullable=False),
    Column("records", Count),
    # Records that could not be read.
    Column("skipped", Count),
    Column("hits", Count),
    Column("done", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Words, nullable=False, server_default=""),
    # The first records that could not be read, as JSON: where, and why.
    Column("notes", Words, nullable=False, server_default="[]"),
)

hits = Table(  # what jobs found, where their results go to the store
    "hits",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("job", RowId, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("rule", Words, nullable=False),
    # A post's or an account's key.
    Column("subject", Key, nullable=False),
    # Key of who is told of, so that a person can be forgotten.
    Column("author", Key, nullable=False, server_default=""),
    Column("at", Moment),
    # What else is to be said of it, as JSON.
    Column("detail", Words, nullable=False),
    ForeignKeyConstraint(["job", "shard"], ["shards.job", "shards.number"], ondelete="CASCADE"),
    Index(None, "job", "shard"),
    Index(None, "author"),
    sqlite_autoincrement=True,
)
