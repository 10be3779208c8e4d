"""Models go into production under names of their own: several of one task may serve side by side."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Remember with each model where it goes; ``NULL``: under the name of its task, as before."""
    op.add_column("models", sa.Column("deployment", sa.String(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("models", "deployment")
