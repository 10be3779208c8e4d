"""Responses, their pieces while they are being written, and what was said in conversations outside turns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_UNFINISHED = sa.text("status IN ('queued', 'in_progress')")


def upgrade() -> None:
    """Three tables, and how many items a conversation has."""
    op.add_column("conversations", sa.Column("items", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "conversation_items",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("after_turns", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("item", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_conversation_items_conversation_id"
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_conversation_items"),
        sa.UniqueConstraint("id", name="uq_conversation_items_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_conversation_items_conversation_id_after_turns_seq",
        "conversation_items",
        ["conversation_id", "after_turns", "seq"],
    )
    _create_responses()
    op.create_table(
        "response_pieces",
        sa.Column("response_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("response_id", "attempt", "number", name="pk_response_pieces"),
    )


def _create_responses() -> None:
    op.create_table(
        "responses",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("completed_at", sa.Float(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("input", sa.JSON(), nullable=False),
        sa.Column("output", sa.JSON(), nullable=True),
        sa.Column("cuts", sa.JSON(), nullable=False),
        sa.Column("usage", sa.JSON(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("turn_id", sa.String(), nullable=True),
        sa.Column("conversation_id", sa.String(), nullable=True),
        sa.Column("previous_response_id", sa.String(), nullable=True),
        sa.Column("background", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("lease_expires_at", sa.Float(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_responses"),
        sa.UniqueConstraint("key_id", "idempotency_key", name="uq_responses_key_id_idempotency_key"),
    )
    op.create_index("ix_responses_conversation_id", "responses", ["conversation_id"])
    op.create_index(
        "ix_responses_unfinished",
        "responses",
        ["created_at"],
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )


def downgrade() -> None:
    """Remove them, with all that they hold."""
    for table in ("response_pieces", "responses", "conversation_items"):
        op.drop_table(table)
    op.drop_column("conversations", "items")
