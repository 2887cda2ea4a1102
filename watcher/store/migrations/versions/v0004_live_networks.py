"""What live networks tell of posts: edits, who may read them, the names that servers give them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


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
