"""Models of a few examples, which were never trained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """What such a model consists of; ``NULL`` for one that has a bundle."""
    op.add_column("models", sa.Column("few_shot", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("models", "few_shot")
