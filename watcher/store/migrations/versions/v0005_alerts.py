"""What alerts need beside mails: who is silent and until when, who answered, what came back."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and create the new tables."""
