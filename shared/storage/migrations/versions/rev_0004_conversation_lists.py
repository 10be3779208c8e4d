"""Conversations are listed, newest first: of one key, or of all for an admin."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the two orders as indexes; neither has a column that a turn changes."""
    op.create_index("ix_conversations_created_at_id", "conversations", ["created_at", "id"])
    op.create_index("ix_conversations_key_id_created_at_id", "conversations", ["key_id", "created_at", "id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_conversations_key_id_created_at_id", "conversations")
    op.drop_index("ix_conversations_created_at_id", "conversations")
