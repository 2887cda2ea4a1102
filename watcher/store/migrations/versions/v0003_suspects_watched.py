"""What is known of accounts beside their names, and what became of suspects."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns, create the new tables, and fill them from what is there."""
    op.add_column(
        "accounts", sa.Column("verified", sa.Text(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column(
        "accounts", sa.Column("alike", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("suspects", sa.Column("likeness", sa.Float(53), nullable=True))
    op.create_index(
        "ix_accounts_alike",
        "accounts",
        ["row"],
        unique=False,
        sqlite_where=sa.text("alike IS 1"),
        postgresql_where=sa.text("alike IS true"),
    )
    for name in ("signs", "bio", "avatar"):
        op.add_column("suspects", sa.Column(name, sa.Text(), nullable=True))
    _create_events()
    _create_avatars()
    _add_reference("queue", "event", 'suspect_events ("row") ON DELETE SET NULL')
    _create_sweeps()


def _create_events() -> None:
    """Give suspects a history, in which the verdicts so far are found again."""
    op.create_table(
        "suspect_events",
        sa.Column("row", RowId, nullable=False),
        sa.Column("suspect", RowId, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=True),
        sa.Column("score", sa.Float(53), nullable=True),
        sa.Column("before", sa.Float(53), nullable=True),
        sa.Column("by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["suspect"], ["suspects.id"], name=op.f("fk_suspect_events_suspect"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_suspect_events")),
    )
    op.create_index(op.f("ix_suspect_events_suspect"), "suspect_events", ["suspect"], unique=False)
    op.execute(
        "INSERT INTO suspect_events (suspect, at, kind, what, score) "
        "SELECT id, first_seen, 'raised', reason, score FROM suspects ORDER BY id"
    )
    op.execute(
        'INSERT INTO suspect_events (suspect, at, kind, verdict, note, "by") '
        'SELECT suspect, at, \'judged\', verdict, note, "by" FROM verdicts ORDER BY "row"'
    )
    op.drop_table("verdicts")


def _create_avatars() -> None:
    op.create_table(
        "avatars",
        sa.Column("account", RowId, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("fetched", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.row"], name=op.f("fk_avatars_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_avatars")),
    )


def _add_reference(table: str, column: str, to: str) -> None:
    """Add an empty column that refers to another table, in words both databases understand."""
    kind = "INTEGER" if op.get_context().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {kind} "
        f"CONSTRAINT fk_{table}_{column} REFERENCES {to}"
    )


def _create_sweeps() -> None:
    op.create_table(
        "sweeps",
        sa.Column("row", RowId, nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("checked", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("account", RowId, nullable=True),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.row"], name=op.f("fk_sweeps_account"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_sweeps")),
        sa.UniqueConstraint(
            "brand", "network", "kind", "name", name=op.f("uq_sweeps_brand_network_kind_name")
        ),
    )
    op.create_index(op.f("ix_sweeps_account"), "sweeps", ["account"], unique=False)
