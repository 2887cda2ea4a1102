"""What alerts need beside mails: who is silent and until when, who answered, what came back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and create the new tables."""
    op.add_column(
        "deliveries",
        sa.Column("kind", sa.Text(), server_default=sa.text("'email'"), nullable=False),
    )
