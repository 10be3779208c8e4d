"""Channels that are fetched from, what an answer to a thread needs, and pictures and voice in widgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add their columns."""
    op.add_column("channels", sa.Column("cursor", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("channels", sa.Column("next_fetch_at", sa.Float(), nullable=False, server_default="0"))
    op.add_column("channel_threads", sa.Column("reply", sa.JSON(), nullable=False, server_default="{}"))
    for name in ("pictures", "voice"):
        op.add_column("widgets", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("widgets", "voice")
    op.drop_column("widgets", "pictures")
    op.drop_column("channel_threads", "reply")
    op.drop_column("channels", "next_fetch_at")
    op.drop_column("channels", "cursor")
