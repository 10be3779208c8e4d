"""What two people have to agree to, and what they say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add their columns."""
    op.add_column("guard_reviews", sa.Column("slots", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("guard_reviews", sa.Column("votes", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("guard_reviews", "votes")
    op.drop_column("guard_reviews", "slots")
