"""Words of colleagues among those of a conversation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TABLE = "conversation_items"


def upgrade() -> None:
    """Who said them, and the key that keeps them from being said twice."""
    op.add_column(_TABLE, sa.Column("author", sa.String(), nullable=True))
    op.add_column(_TABLE, sa.Column("idempotency_key", sa.String(), nullable=True))
    op.create_index(
        "uq_conversation_items_idempotency_key", _TABLE, ["conversation_id", "idempotency_key"], unique=True
    )


def downgrade() -> None:
    """Forget both."""
    op.drop_index("uq_conversation_items_idempotency_key", _TABLE)
    op.drop_column(_TABLE, "idempotency_key")
    op.drop_column(_TABLE, "author")
