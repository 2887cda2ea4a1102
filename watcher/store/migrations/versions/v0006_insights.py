"""What is counted of posts: how surely a tone was told, what people said of it, histories read."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and create the new tables."""
    _tell_more_of_what_is_spoken()
    _keep_what_people_say_of_tones()
    _keep_how_far_histories_reach()
    _count_what_came_before()
    _keep_what_was_handled()
    _find_what_an_account_wrote_when()
    _leave_out_what_is_about_no_brand()


def _tell_more_of_what_is_spoken() -> None:
    """Keep how sure a tone is, whether a post complains, and whether it is about the brand."""
    op.add_column("spoken", sa.Column("confidence", sa.Float(53), nullable=True))
    op.add_column(
        "spoken", sa.Column("complaint", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("spoken", sa.Column("relevance", sa.Float(53), nullable=True))
    for name in ("told", "said"):
        op.add_column("spoken", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("spoken", sa.Column("told_confidence", sa.Float(53), nullable=True))
    op.execute("UPDATE spoken SET told = tone")
    op.create_index(op.f("ix_spoken_brand_said"), "spoken", ["brand", "said"], unique=False)
    op.create_index(
        op.f("ix_posts_reply_to"),
        "posts",
        ["reply_to"],
        sqlite_where=sa.text("reply_to IS NOT NULL"),
        postgresql_where=sa.text("reply_to IS NOT NULL"),
    )


def _keep_what_people_say_of_tones() -> None:
    op.create_table(
        "tone_judgements",
        sa.Column("row", RowId, nullable=False),
        sa.Column("rid", RowId, nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("tone", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rid"], ["posts.rid"], name=op.f("fk_tone_judgements_rid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_tone_judgements")),
    )
    op.create_index(op.f("ix_tone_judgements_rid"), "tone_judgements", ["rid"], unique=False)
    op.create_index(
        op.f("ix_tone_judgements_brand_said"), "tone_judgements", ["brand", "said"], unique=False
    )
    op.create_table(
        "tone_corrections",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("learnt", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("brand", name=op.f("pk_tone_corrections")),
    )


def _keep_how_far_histories_reach() -> None:
    op.create_table(
        "histories",
        sa.Column("account", RowId, nullable=False),
        sa.Column("stretches", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("fetched", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.row"], name=op.f("fk_histories_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_histories")),
    )


def _count_what_came_before() -> None:
    """Have all posts counted once more, as they are counted now, while the numbers stay."""
    op.add_column("heard", sa.Column("below", RowId, server_default="0", nullable=False))
    op.execute(
        "UPDATE heard SET below = COALESCE((SELECT rid FROM progress WHERE name = 'match'), 0)"
    )


def _keep_what_was_handled() -> None:
    """Keep what colleagues did with posts that wait for an answer; find quotes quickly."""
    op.create_index(
        op.f("ix_posts_quote_of"),
        "posts",
        ["quote_of"],
        sqlite_where=sa.text("quote_of IS NOT NULL"),
        postgresql_where=sa.text("quote_of IS NOT NULL"),
    )
    op.create_table(
        "handled",
        sa.Column("row", RowId, nullable=False),
        sa.Column("rid", RowId, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rid"], ["posts.rid"], name=op.f("fk_handled_rid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_handled")),
    )
    op.create_index(op.f("ix_handled_rid"), "handled", ["rid"], unique=False)


def _find_what_an_account_wrote_when() -> None:
    op.drop_index("ix_posts_author", table_name="posts")
    op.create_index(
        op.f("ix_posts_author_posted_at"), "posts", ["author", "posted_at"], unique=False
    )


def _leave_out_what_is_about_no_brand() -> None:
    op.add_column(
        "spoken", sa.Column("left_out", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    for table, column in (("matches", "row"), ("queue", "channel")):
        op.add_column(table, sa.Column("left_out", sa.Text(), nullable=True))
        op.create_index(
            op.f(f"ix_{table}_left_out"),
            table,
            [column],
            sqlite_where=sa.text("left_out IS NOT NULL"),
            postgresql_where=sa.text("left_out IS NOT NULL"),
        )
