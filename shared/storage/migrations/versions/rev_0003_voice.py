"""Observations know which of them are one text, so that a headline that is passed on is one voice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column. It may stay empty: chat turns have none, and processes of an older release do not know it."""
    op.add_column("sentiment_observations", sa.Column("voice", sa.String(), nullable=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("sentiment_observations", "voice")
