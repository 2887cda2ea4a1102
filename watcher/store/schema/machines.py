"""What many machines share: the log, who works, and jobs over archives."""

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, LargeBinary, Table

from watcher.store.columns import Count, Key, Moment, RowId, Words
from watcher.store.schema.naming import metadata

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

shards = Table(  # the ledger of jobs: a shard is done with the last of its hits
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

hits = Table(  # what jobs found; it counts once its shard is done
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
