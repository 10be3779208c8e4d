"""What colleagues said in conversations that they took over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    """Their words, in order."""
    op.create_table(
        "replies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_replies_conversation_id"),
        sa.UniqueConstraint("conversation_id", "number", name="uq_replies_conversation_id_number"),
        sa.UniqueConstraint("conversation_id", "idempotency_key", name="uq_replies_conversation_id_idempotency_key"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("replies")
