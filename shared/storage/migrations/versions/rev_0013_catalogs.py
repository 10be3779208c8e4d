"""Catalogs: what may be offered, what people did with it, and who wants nothing of it kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "catalogs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("retrain_seconds", sa.Float(), nullable=True),
        sa.Column("trained_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_catalogs"),
    )
    op.create_index("ix_catalogs_created_at_id", "catalogs", ["created_at", "id"])
    op.create_table(
        "catalog_items",
        sa.Column("catalog_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("price", sa.Float(), nullable=True),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["catalog_id"], ["catalogs.id"], name="fk_catalog_items_catalog_id"),
        sa.PrimaryKeyConstraint("catalog_id", "item_id", name="pk_catalog_items"),
    )
    op.create_index("ix_catalog_items_catalog_id_version", "catalog_items", ["catalog_id", "version"])
    op.create_table(
        "catalog_events",
        sa.Column("catalog_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["catalog_id"], ["catalogs.id"], name="fk_catalog_events_catalog_id"),
        sa.PrimaryKeyConstraint("catalog_id", "event_id", name="pk_catalog_events"),
    )
    op.create_index("ix_catalog_events_catalog_id_who_at", "catalog_events", ["catalog_id", "who", "at"])
    op.create_index("ix_catalog_events_catalog_id_version", "catalog_events", ["catalog_id", "version"])
    op.create_table(
        "catalog_opt_outs",
        sa.Column("catalog_id", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["catalog_id"], ["catalogs.id"], name="fk_catalog_opt_outs_catalog_id"),
        sa.PrimaryKeyConstraint("catalog_id", "who", name="pk_catalog_opt_outs"),
    )


def downgrade() -> None:
    """Remove them with all that is in them."""
    for table in ("catalog_opt_outs", "catalog_events", "catalog_items", "catalogs"):
        op.drop_table(table)
