"""What live networks tell of posts: edits, who may read them, the names that servers give them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and create the new tables."""
    op.add_column("posts", sa.Column("edited_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "posts", sa.Column("private", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column(
        "posts", sa.Column("alias", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.create_index(
        "ix_posts_alias",
        "posts",
        ["alias"],
        unique=False,
        sqlite_where=sa.text("alias != ''"),
        postgresql_where=sa.text("alias != ''"),
    )
    op.add_column(
        "posts", sa.Column("repost_author", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    for name, holds in (("repost_of", "IS NOT NULL"), ("repost_author", "!= ''")):
        op.create_index(
            f"ix_posts_{name}",
            "posts",
            [name],
            unique=False,
            sqlite_where=sa.text(f"{name} {holds}"),
            postgresql_where=sa.text(f"{name} {holds}"),
        )
    op.add_column("sources", sa.Column("behind", sa.Float(53), nullable=True))
    op.add_column(
        "sources", sa.Column("last_help", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column(
        "pages", sa.Column("left_out", sa.BigInteger(), server_default="0", nullable=False)
    )
    _create_what_went()
    _create_forgotten()
    _create_source_networks()
    _create_spending()
    _create_revisits()
    op.add_column("digests", sa.Column("since", sa.BigInteger(), nullable=True))
    for name in ("proposals_from", "proposals_to"):
        op.add_column("digests", sa.Column(name, RowId, nullable=True))
    for name in ("late", "first"):
        op.add_column(
            "digests", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.add_column(
        "digests", sa.Column("outdated", sa.Integer(), server_default="0", nullable=False)
    )


def _create_what_went() -> None:
    """Let it be known which posts were deleted, and under which names."""
    op.create_table(
        "aliases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rid", RowId, nullable=False),
        sa.ForeignKeyConstraint(
            ["rid"], ["posts.rid"], name=op.f("fk_aliases_rid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_aliases")),
    )
    op.create_index(op.f("ix_aliases_rid"), "aliases", ["rid"], unique=False)
    op.create_table(
        "tombstones",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tombstones")),
    )
    op.create_index(op.f("ix_tombstones_at"), "tombstones", ["at"], unique=False)
    op.create_table(
        "departures",
        sa.Column("rid", RowId, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rid", name=op.f("pk_departures")),
    )
    op.create_index(op.f("ix_departures_due"), "departures", ["due"], unique=False)


def _create_forgotten() -> None:
    """Keep out who was forgotten."""
    op.create_table(
        "forgotten",
        sa.Column("id", RowId, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("account", RowId, nullable=True),
        sa.Column("posts", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.row"], name=op.f("fk_forgotten_account"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forgotten")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_forgotten_account"), "forgotten", ["account"], unique=False)
    op.create_table(
        "forgotten_names",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("person", RowId, nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["forgotten.id"],
            name=op.f("fk_forgotten_names_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_forgotten_names")),
    )
    op.create_index(op.f("ix_forgotten_names_person"), "forgotten_names", ["person"], unique=False)


def _create_source_networks() -> None:
    """Keep of which networks each source brought posts."""
    op.create_table(
        "source_networks",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "network", name=op.f("pk_source_networks")),
    )
    op.execute(
        "INSERT INTO source_networks (source, network) SELECT DISTINCT source, network FROM posts"
    )


def _create_spending() -> None:
    """Count what sources that pay for reading have read."""
    op.create_table(
        "spending",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name=op.f("pk_spending")),
    )


def _create_revisits() -> None:
    """Remember which posts that wait were asked about."""
    op.create_table(
        "revisits",
        sa.Column("rid", RowId, autoincrement=False, nullable=False),
        sa.Column("again", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rid"], ["posts.rid"], name=op.f("fk_revisits_rid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rid", name=op.f("pk_revisits")),
    )
