"""What many machines share: a log of posts, slots of the schedule, workers, and batch jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the new tables."""
    _keep_a_log()
    _share_the_schedule()
    _keep_batch_jobs()


def _keep_a_log() -> None:
    for name in ("log_heads", "log_cursors"):
        extra = [
            sa.Column("by", sa.Text(), server_default="", nullable=False),
            sa.Column("at", sa.BigInteger(), nullable=True),
        ]
        op.create_table(
            name,
            sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
            sa.Column("number", sa.BigInteger(), server_default="0", nullable=False),
            *(extra if name == "log_cursors" else ()),
            sa.PrimaryKeyConstraint("partition", name=op.f(f"pk_{name}")),
        )
    op.create_table(
        "log",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("last", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("posts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "last", "at", name=op.f("pk_log")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "log_matched",
        sa.Column("first", RowId, nullable=False, autoincrement=False),
        sa.Column("last", RowId, nullable=False),
        sa.PrimaryKeyConstraint("first", name=op.f("pk_log_matched")),
    )


def _share_the_schedule() -> None:
    op.create_table(
        "slots",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_slots")),
    )
    op.create_index(op.f("ix_slots_at"), "slots", ["at"], unique=False)
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.Column("stopped", sa.BigInteger(), nullable=True),
        sa.Column("posts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("matches", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.Column("config", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index(op.f("ix_workers_beat"), "workers", ["beat"], unique=False)
    op.add_column("attempts", sa.Column("by", sa.Text(), server_default="", nullable=False))


def _keep_batch_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", RowId, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "shards",
        sa.Column("job", RowId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=True),
        sa.Column("skipped", sa.BigInteger(), nullable=True),
        sa.Column("hits", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("notes", sa.Text(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(
            ["job"], ["jobs.id"], name=op.f("fk_shards_job"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job", "number", name=op.f("pk_shards")),
    )
    op.create_table(
        "hits",
        sa.Column("row", RowId, nullable=False),
        sa.Column("job", RowId, nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job", "shard"],
            ["shards.job", "shards.number"],
            name=op.f("fk_hits_job_shard"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_hits")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hits_job_shard"), "hits", ["job", "shard"], unique=False)
    op.create_index(op.f("ix_hits_author"), "hits", ["author"], unique=False)
