"""Rates, copies, judgements of matches, and the titles of linked pages.

Columns are added in place. Alembic's way to change a table of SQLite would drop and refill it, and
dropping `matches` or `posts` takes along all that refers to them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_POSTED_AT = """
UPDATE matches SET posted_at = (
    SELECT CASE WHEN posts.posted_at < matches.found THEN posts.posted_at ELSE matches.found END
    FROM posts WHERE posts.rid = matches.rid
)
"""


def upgrade() -> None:
    """Add the columns, fill them from what is there, and create the new tables."""
    op.add_column(
        "posts", sa.Column("titles", sa.Text(), server_default=sa.text("'[]'"), nullable=False)
    )
    _extend_matches()
    _create_rates_and_judgements()
    _create_alarms()
    # What was found before there were rates is history to them, not news.
    op.execute(
        "INSERT INTO progress (name, rid) SELECT 'rates', COALESCE(MAX(\"row\"), 0) FROM matches"
    )


def _extend_matches() -> None:
    op.add_column(
        "matches",
        sa.Column("posted_at", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.execute(_POSTED_AT)
    op.add_column("matches", sa.Column("verdict", sa.Text(), nullable=True))
    _add_reference("matches", "copy_of", 'matches ("row") ON DELETE SET NULL')
    op.create_index(op.f("ix_matches_copy_of"), "matches", ["copy_of"], unique=False)
    op.create_index(
        op.f("ix_matches_rule_posted_at"), "matches", ["rule", "posted_at"], unique=False
    )


def _create_rates_and_judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("row", RowId, nullable=False),
        sa.Column("match", RowId, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["match"], ["matches.row"], name=op.f("fk_judgements_match"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_judgements")),
    )
    op.create_index(op.f("ix_judgements_match"), "judgements", ["match"], unique=False)
    op.create_table(
        "rates",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("behind", RowId, nullable=True),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_rates")),
    )
    op.create_table(
        "known_terms",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "value", name=op.f("pk_known_terms")),
    )
    op.create_index(op.f("ix_known_terms_last"), "known_terms", ["last"], unique=False)


def _create_alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", RowId, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("raised", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        sa.UniqueConstraint(
            "rule", "kind", "group", "until", name=op.f("uq_alarms_rule_kind_group_until")
        ),
        sqlite_autoincrement=True,
    )
    _add_reference("queue", "alarm", "alarms (id) ON DELETE CASCADE")
    op.create_index(op.f("ix_queue_alarm_channel"), "queue", ["alarm", "channel"], unique=True)


def _add_reference(table: str, column: str, to: str) -> None:
    """Add an empty column that refers to another table, in words both databases understand."""
    kind = "INTEGER" if op.get_context().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {kind} "
        f"CONSTRAINT fk_{table}_{column} REFERENCES {to}"
    )
