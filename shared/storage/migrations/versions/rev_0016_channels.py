"""Where customers are: web widgets, messengers and inboxes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create the tables."""
    _widgets()
    _channels()


def downgrade() -> None:
    """Drop them."""
    for table in ("channel_messages", "channel_threads", "channels", "widgets"):
        op.drop_table(table)


def _widgets() -> None:
    op.create_table(
        "widgets",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("origins", sa.JSON(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("greeting", sa.String(), nullable=False),
        sa.Column("suggestions", sa.JSON(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("requests_per_minute", sa.Integer(), nullable=False),
        sa.Column("sessions_per_minute", sa.Integer(), nullable=False),
        sa.Column("resume_hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_widgets"),
    )


def _channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("setting", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("delivered_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
    )
    op.create_table(
        "channel_threads",
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("told_turns", sa.Integer(), nullable=False),
        sa.Column("told_item", sa.BigInteger(), nullable=False),
        sa.Column("told_status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "thread", name="pk_channel_threads"),
    )
    op.create_index("ix_channel_threads_conversation_id", "channel_threads", ["conversation_id"])
    _messages()


def _messages() -> None:
    name = "channel_messages"
    op.create_table(
        name,
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_channel_messages"),
        sqlite_autoincrement=True,
    )
    same = ["channel_id", "direction", "external_id"]
    op.create_index("uq_channel_messages_external_id", name, same, unique=True)
    op.create_index("ix_channel_messages_thread", name, ["channel_id", "thread", "direction", "seq"])
    op.create_index("ix_channel_messages_finished_at", name, ["finished_at"])
    pending = sa.text("status = 'pending'")
    op.create_index(
        "ix_channel_messages_due", name, ["direction", "next_at"], sqlite_where=pending, postgresql_where=pending
    )
