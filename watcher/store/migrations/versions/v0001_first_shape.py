"""The first shape: posts, accounts, matches, suspects, queues, deliveries, follows, coverage."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "accounts",
        sa.Column("row", RowId, nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("avatar", sa.Text(), nullable=False),
        sa.Column("folded_handle", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("followers", sa.BigInteger(), nullable=True),
        sa.Column("following", sa.BigInteger(), nullable=True),
        sa.Column("bot", sa.Boolean(), nullable=True),
        sa.Column("locked", sa.Boolean(), nullable=True),
        sa.Column("discoverable", sa.Boolean(), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("examined", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_accounts")),
        sa.UniqueConstraint("network", "id", name=op.f("uq_accounts_network_id")),
    )
    op.create_index(op.f("ix_accounts_folded_handle"), "accounts", ["folded_handle"], unique=False)
    op.create_index(
        "ix_accounts_unexamined",
        "accounts",
        ["row"],
        unique=False,
        sqlite_where=sa.text("examined IS 0"),
        postgresql_where=sa.text("examined IS false"),
    )
    op.create_table(
        "channels",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_slot", sa.BigInteger(), nullable=True),
        sa.Column("proposals_told", RowId, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channels")),
    )
    op.create_table(
        "digests",
        sa.Column("id", RowId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("mentions", sa.Integer(), nullable=False),
        sa.Column("suspects", sa.Integer(), nullable=False),
        sa.Column("more", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("channel", "slot", name=op.f("uq_digests_channel_slot")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "gaps",
        sa.Column("row", RowId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_gaps")),
    )
    op.create_index(op.f("ix_gaps_source_until"), "gaps", ["source", "until"], unique=False)
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "pages",
        sa.Column("row", RowId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_pages")),
    )
    op.create_index(op.f("ix_pages_source_at"), "pages", ["source", "at"], unique=False)
    op.create_table(
        "progress",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rid", RowId, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_progress")),
    )
    op.create_table(
        "pulls",
        sa.Column("row", RowId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.Column("reached_newest", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_pulls")),
    )
    op.create_index(op.f("ix_pulls_source_ended"), "pulls", ["source", "ended"], unique=False)
    op.create_table(
        "routes",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "rule", name=op.f("pk_routes")),
    )
    op.create_table(
        "skipped",
        sa.Column("row", RowId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_skipped")),
    )
    op.create_index(op.f("ix_skipped_source"), "skipped", ["source"], unique=False)
    op.create_table(
        "sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("posts", sa.BigInteger(), nullable=False),
        sa.Column("last_pull", sa.BigInteger(), nullable=True),
        sa.Column("last_success", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sources")),
    )
    op.create_table(
        "account_forms",
        sa.Column("row", RowId, nullable=False),
        sa.Column("account", RowId, nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("avatar", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.row"], name=op.f("fk_account_forms_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_account_forms")),
    )
    op.create_index(op.f("ix_account_forms_account"), "account_forms", ["account"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", RowId, nullable=False),
        sa.Column("digest", RowId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["digest"], ["digests.id"], name=op.f("fk_deliveries_digest"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("message_id", name=op.f("uq_deliveries_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deliveries_digest"), "deliveries", ["digest"], unique=False)
    op.create_index(
        op.f("ix_deliveries_state_next_attempt"),
        "deliveries",
        ["state", "next_attempt"],
        unique=False,
    )
    op.create_table(
        "posts",
        sa.Column("rid", RowId, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("author", RowId, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("hashtags", sa.Text(), nullable=False),
        sa.Column("mentions", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column("reply_to_handle", sa.Text(), nullable=True),
        sa.Column("repost_of", sa.Text(), nullable=True),
        sa.Column("quote_of", sa.Text(), nullable=True),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("reposts", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["author"], ["accounts.row"], name=op.f("fk_posts_author")),
        sa.PrimaryKeyConstraint("rid", name=op.f("pk_posts")),
        sa.UniqueConstraint("network", "id", name=op.f("uq_posts_network_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_posts_author"), "posts", ["author"], unique=False)
    op.create_table(
        "proposals",
        sa.Column("id", RowId, nullable=False),
        sa.Column("account", RowId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("decided", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.row"], name=op.f("fk_proposals_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("account", name=op.f("uq_proposals_account")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_proposals_state_created"), "proposals", ["state", "created"], unique=False
    )
    op.create_table(
        "suspects",
        sa.Column("id", RowId, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account", RowId, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("techniques", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.row"], name=op.f("fk_suspects_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspects")),
        sa.UniqueConstraint("subject", name=op.f("uq_suspects_subject")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_suspects_account"), "suspects", ["account"], unique=False)
    op.create_index(
        op.f("ix_suspects_verdict_score"), "suspects", ["verdict", "score"], unique=False
    )
    op.create_table(
        "attempts",
        sa.Column("id", RowId, nullable=False),
        sa.Column("delivery", RowId, nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("handed_over", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"], ["deliveries.id"], name=op.f("fk_attempts_delivery"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_attempts_delivery"), "attempts", ["delivery"], unique=False)
    op.create_table(
        "follow_events",
        sa.Column("row", RowId, nullable=False),
        sa.Column("proposal", RowId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal"], ["proposals.id"], name=op.f("fk_follow_events_proposal")
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_follow_events")),
    )
    op.create_index(
        op.f("ix_follow_events_channel_at"), "follow_events", ["channel", "at"], unique=False
    )
    op.create_index(op.f("ix_follow_events_proposal"), "follow_events", ["proposal"], unique=False)
    op.create_table(
        "matches",
        sa.Column("row", RowId, nullable=False),
        sa.Column("rid", RowId, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rid"], ["posts.rid"], name=op.f("fk_matches_rid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_matches")),
        sa.UniqueConstraint("rid", "rule", name=op.f("uq_matches_rid_rule")),
    )
    op.create_index(op.f("ix_matches_rule_found"), "matches", ["rule", "found"], unique=False)
    op.create_table(
        "sightings",
        sa.Column("suspect", RowId, nullable=False),
        sa.Column("rid", RowId, nullable=False),
        sa.ForeignKeyConstraint(
            ["rid"], ["posts.rid"], name=op.f("fk_sightings_rid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["suspect"], ["suspects.id"], name=op.f("fk_sightings_suspect"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("suspect", "rid", name=op.f("pk_sightings")),
    )
    op.create_index(op.f("ix_sightings_rid"), "sightings", ["rid"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("row", RowId, nullable=False),
        sa.Column("suspect", RowId, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["suspect"], ["suspects.id"], name=op.f("fk_verdicts_suspect")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_verdicts")),
    )
    op.create_index(op.f("ix_verdicts_suspect"), "verdicts", ["suspect"], unique=False)
    op.create_table(
        "queue",
        sa.Column("row", RowId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("match", RowId, nullable=True),
        sa.Column("suspect", RowId, nullable=True),
        sa.Column("queued", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=True),
        sa.Column("digest", RowId, nullable=True),
        sa.ForeignKeyConstraint(
            ["digest"], ["digests.id"], name=op.f("fk_queue_digest"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["match"], ["matches.row"], name=op.f("fk_queue_match"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["suspect"], ["suspects.id"], name=op.f("fk_queue_suspect"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_queue")),
        sa.UniqueConstraint("match", "channel", name=op.f("uq_queue_match_channel")),
        sa.UniqueConstraint("suspect", "channel", name=op.f("uq_queue_suspect_channel")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_queue_digest"), "queue", ["digest"], unique=False)
    op.create_index(
        "ix_queue_waiting",
        "queue",
        ["channel", "row"],
        unique=False,
        sqlite_where=sa.text("taken IS NULL"),
        postgresql_where=sa.text("taken IS NULL"),
    )
