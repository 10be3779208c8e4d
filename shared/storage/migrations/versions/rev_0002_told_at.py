"""Observations remember when they were told, so that they are forgotten that much later, however old the text is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column. It may stay empty: processes of the first release, which may still run, do not know it."""
    op.add_column("sentiment_observations", sa.Column("told_at", sa.Float(), nullable=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("sentiment_observations", "told_at")
