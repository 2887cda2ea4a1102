"""What is told to people: digests, deliveries, and what came back."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    false,
)

from watcher.store.columns import Key, Moment, RowId, Why, Whys, Words
from watcher.store.schema.naming import metadata

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

retold = Table(  # which digests told an alarm before it was told again
    "retold",
    metadata,
    Column("digest", RowId, ForeignKey("digests.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "alarm", RowId, ForeignKey("alarms.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
)
