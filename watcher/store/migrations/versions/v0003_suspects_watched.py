"""What is known of accounts beside their names, and what became of suspects."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns and create the new tables."""
    op.add_column(
        "accounts", sa.Column("verified", sa.Text(), server_default=sa.text("'[]'"), nullable=False)
    )
