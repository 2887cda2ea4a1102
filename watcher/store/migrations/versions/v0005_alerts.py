"""What alerts need beside mails: who is silent and until when, who answered, what came back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and create the new tables."""
    op.add_column(
        "deliveries",
        sa.Column("kind", sa.Text(), server_default=sa.text("'email'"), nullable=False),
    )
    _create_silences()
    _let_digests_be_acknowledged()
    _count_brands()
    _let_follows_be_defended()
    _keep_payloads_apart()
    _take_back()
    _tell_again()


def _create_silences() -> None:
    """Let findings be silenced, held for an alarm, and brought by routes."""
    op.create_table(
        "silences",
        sa.Column("id", RowId, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("rule", "brand", "channel", "author", "find")
        ),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_silences_until"), "silences", ["until"], unique=False)
    op.add_column("queue", sa.Column("route", sa.Text(), nullable=True))
    _add_reference("queue", "silence", "silences (id) ON DELETE SET NULL")
    op.create_index(op.f("ix_queue_silence"), "queue", ["silence"], unique=False)
    _add_reference("queue", "held", "alarms (id) ON DELETE SET NULL")
    op.create_index(op.f("ix_queue_held"), "queue", ["held"], unique=False)
    op.add_column(
        "queue", sa.Column("repeats", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )


def _let_digests_be_acknowledged() -> None:
    """Keep who has seen to digests and alarms, what digests say beside, and outages told."""
    for table in ("digests", "alarms"):
        op.add_column(table, sa.Column("acknowledged", sa.BigInteger(), nullable=True))
        op.add_column(
            table,
            sa.Column("acknowledged_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        )
    for name in ("going", "ended"):
        op.add_column("alarms", sa.Column(name, sa.BigInteger(), nullable=True))
    op.execute("UPDATE alarms SET ended = until")
    for name, default in (("kind", "'digest'"), ("notices", "'[]'")):
        op.add_column(
            "digests",
            sa.Column(name, sa.Text(), server_default=sa.text(default), nullable=False),
        )
    for name in ("urgent", "despite_quiet"):
        op.add_column(
            "digests", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    _add_reference("digests", "escalation", "digests (id) ON DELETE SET NULL")
    op.create_index(op.f("ix_digests_escalation"), "digests", ["escalation"], unique=False)
    op.add_column("channels", sa.Column("since", sa.BigInteger(), nullable=True))
    op.create_table(
        "outages",
        sa.Column("row", RowId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("back", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_outages")),
    )
    op.create_index(
        op.f("ix_outages_channel_source"), "outages", ["channel", "source"], unique=False
    )


def _count_brands() -> None:
    """Let posts be counted by the brand that they speak of."""
    op.create_table(
        "spoken",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("rid", RowId, nullable=False),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("tone", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["rid"], ["posts.rid"], name=op.f("fk_spoken_rid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("brand", "rid", name=op.f("pk_spoken")),
    )
    op.create_index(op.f("ix_spoken_rid"), "spoken", ["rid"], unique=False)
    op.create_index(op.f("ix_spoken_brand_posted_at"), "spoken", ["brand", "posted_at"])
    op.create_table(
        "heard",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("brand", name=op.f("pk_heard")),
    )


def _keep_payloads_apart() -> None:
    """Let a delivery change its state without its message being written once more."""
    op.create_table(
        "payloads",
        sa.Column("delivery", RowId, nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_payloads_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery", name=op.f("pk_payloads")),
    )
    op.execute("INSERT INTO payloads (delivery, octets) SELECT id, payload FROM deliveries")
    op.execute("ALTER TABLE deliveries DROP COLUMN payload")


def _take_back() -> None:
    """Let mails come back to addresses of their own, and addresses be written to no more."""
    op.add_column("deliveries", sa.Column("token", sa.Text(), nullable=True))
    op.create_index(op.f("ix_deliveries_token"), "deliveries", ["token"], unique=True)
    op.create_table(
        "returned",
        sa.Column("id", RowId, nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("delivery", RowId, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "said", "by")),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_returned_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned")),
        sa.UniqueConstraint("mark", name=op.f("uq_returned_mark")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_returned_delivery"), "returned", ["delivery"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("id", RowId, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("delivery", RowId, nullable=True),
        sa.Column("lifted", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_suppressions_delivery"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sqlite_autoincrement=True,
    )
    for name in ("delivery", "recipient"):
        op.create_index(op.f(f"ix_suppressions_{name}"), "suppressions", [name], unique=False)


def _let_follows_be_defended() -> None:
    """Keep what speaks for each follow, how fast channels follow, and an audit trail that stays."""
    op.add_column(
        "accounts",
        sa.Column("standing", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("accounts", sa.Column("last_post", sa.BigInteger(), nullable=True))
    for name in ("clauses", "grounds"):
        op.add_column(
            "proposals",
            sa.Column(name, sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        )
    op.add_column(
        "proposals", sa.Column("points", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.create_table(
        "follow_pace",
        sa.Column("row", RowId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_follow_pace")),
    )
    op.create_index(op.f("ix_follow_pace_channel_at"), "follow_pace", ["channel", "at"])
    op.create_table(
        "follow_skips",
        sa.Column("account", RowId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.row"],
            name=op.f("fk_follow_skips_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account", "channel", name=op.f("pk_follow_skips")),
    )
    op.create_index(op.f("ix_follow_skips_at"), "follow_skips", ["at"], unique=False)
    op.execute(
        "INSERT INTO follow_pace (channel, at, what, until)"
        " SELECT channel, min(at), 'followed', min(at) FROM follow_events"
        " WHERE event IN ('followed', 'requested') GROUP BY channel, proposal"
    )
    _let_trails_grow_only()


def _let_trails_grow_only() -> None:
    """Refuse to change or delete a line of the trails.

    But for lines about an account that is being forgotten at this moment: people have that right.
    """
    being_forgotten = (
        "EXISTS (SELECT 1 FROM proposals JOIN forgotten ON forgotten.account = proposals.account"
        " WHERE proposals.id = OLD.proposal)"
    )
    refused = "this trail only grows"
    if op.get_context().dialect.name == "sqlite":
        for table, unless in (
            ("follow_events", f"WHEN NOT {being_forgotten} "),
            ("follow_pace", ""),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_stay BEFORE UPDATE ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{refused}'); END"
            )
            op.execute(
                f"CREATE TRIGGER {table}_remain BEFORE DELETE ON {table} {unless}"
                f"BEGIN SELECT RAISE(ABORT, '{refused}'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{refused}'; END $$"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_unless_forgotten() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {being_forgotten} THEN RETURN OLD; END IF;"
        f" RAISE EXCEPTION '{refused}'; END $$"
    )
    for table, deleting in (
        ("follow_events", "refuse_unless_forgotten"),
        ("follow_pace", "refuse_change"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_stay BEFORE UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_remain BEFORE DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {deleting}()"
        )


def _tell_again() -> None:
    """Remember which digests told an alarm before it was told again."""
    op.create_table(
        "retold",
        sa.Column("digest", RowId, nullable=False),
        sa.Column("alarm", RowId, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_retold_{column}"),
                ondelete="CASCADE",
            )
            for column, table in (("digest", "digests"), ("alarm", "alarms"))
        ),
        sa.PrimaryKeyConstraint("digest", "alarm", name=op.f("pk_retold")),
    )
    op.create_index(op.f("ix_retold_alarm"), "retold", ["alarm"], unique=False)


def _add_reference(table: str, column: str, to: str) -> None:
    """Add an empty column that refers to another table, in words both databases understand."""
    kind = "INTEGER" if op.get_context().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {kind} "
        f"CONSTRAINT fk_{table}_{column} REFERENCES {to}"
    )
