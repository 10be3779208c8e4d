"""Alerts about entities and topics, their life, and the channels that tell of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_FIRING = sa.text("state = 'firing'")
_PENDING = sa.text("status = 'pending'")


def upgrade() -> None:
    """What an alert is about and what became of it; channels and what is owed to them."""
    op.add_column("alerts", sa.Column("entity", sa.String(), nullable=False, server_default=""))
    op.add_column("alerts", sa.Column("topic", sa.String(), nullable=False, server_default=""))
    op.add_column("alerts", sa.Column("severity", sa.String(), nullable=False, server_default="warning"))
    op.add_column("alerts", sa.Column("incident", sa.String(), nullable=True))
    op.add_column("alerts", sa.Column("acknowledged_at", sa.Float(), nullable=True))
    op.add_column("alerts", sa.Column("acknowledged_by", sa.String(), nullable=True))
    op.add_column("alerts", sa.Column("snoozed_until", sa.Float(), nullable=True))
    op.add_column("alerts", sa.Column("escalated_at", sa.Float(), nullable=True))
    op.add_column("alerts", sa.Column("details", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index("ix_alerts_incident", "alerts", ["incident"])
    op.drop_index("uq_alerts_firing", "alerts")
    _one_firing("stream", "rule", "entity", "topic")
    _channels()


def downgrade() -> None:
    """Remove it all; of several that fire for a stream and rule, those about an entity or topic go."""
    op.drop_table("alert_notices")
    op.drop_table("alert_channels")
    op.execute("DELETE FROM alerts WHERE entity <> '' OR topic <> ''")
    op.drop_index("uq_alerts_firing", "alerts")
    op.drop_index("ix_alerts_incident", "alerts")
    for column in (
        "details",
        "escalated_at",
        "snoozed_until",
        "acknowledged_by",
        "acknowledged_at",
        "incident",
        "severity",
        "topic",
        "entity",
    ):
        op.drop_column("alerts", column)
    _one_firing("stream", "rule")


def _one_firing(*columns: str) -> None:
    op.create_index(
        "uq_alerts_firing", "alerts", list(columns), unique=True, sqlite_where=_FIRING, postgresql_where=_FIRING
    )


def _channels() -> None:
    op.create_table(
        "alert_channels",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("setting", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("delivered_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alert_channels"),
    )
    op.create_table(
        "alert_notices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_alert_notices_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_notices"),
    )
    op.create_index("ix_alert_notices_channel_next_at", "alert_notices", ["channel", "next_at"])
    op.create_index(
        "ix_alert_notices_due", "alert_notices", ["next_at"], sqlite_where=_PENDING, postgresql_where=_PENDING
    )
