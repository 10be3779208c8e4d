"""Catalogs are trained again after so many new events, or when so many of them are about items that the model never saw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("catalogs", sa.Column("retrain_events", sa.Integer(), nullable=True))
    op.add_column("catalogs", sa.Column("retrain_drift", sa.Float(), nullable=True))


def downgrade() -> None:
    """Take the columns out again."""
    op.drop_column("catalogs", "retrain_drift")
    op.drop_column("catalogs", "retrain_events")
