"""Customers, notes and proposals of colleagues, and the loop from corrections to a model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the tables, and let conversations name their customer."""
    _customers()
    _notes()
    _loop()


def downgrade() -> None:
    """Remove them."""
    for table in ("loop_rounds", "loop_rules", "knowledge_proposals", "conversation_notes", "customers"):
        op.drop_table(table)
    op.drop_index("ix_conversations_customer_id", "conversations")
    op.drop_column("conversations", "customer_id")


def _customers() -> None:
    op.add_column("conversations", sa.Column("customer_id", sa.String(), nullable=True))
    op.create_index("ix_conversations_customer_id", "conversations", ["customer_id"])
    op.create_table(
        "customers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("consent_at", sa.Float(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("segment", sa.String(), nullable=True),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
    )
    op.create_index("ix_customers_created_at_id", "customers", ["created_at", "id"])
    op.create_index("ix_customers_seen_at", "customers", ["seen_at"])


def _notes() -> None:
    op.create_table(
        "conversation_notes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversation_notes"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_conversation_notes_conversation_id"
        ),
    )
    op.create_index(
        "ix_conversation_notes_conversation_id_created_at_id",
        "conversation_notes",
        ["conversation_id", "created_at", "id"],
    )
    op.create_table(
        "knowledge_proposals",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_knowledge_proposals"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_knowledge_proposals_conversation_id"
        ),
    )
    op.create_index("ix_knowledge_proposals_created_at_id", "knowledge_proposals", ["created_at", "id"])
    op.create_index("ix_knowledge_proposals_conversation_id", "knowledge_proposals", ["conversation_id"])


def _loop() -> None:
    op.create_table(
        "loop_rules",
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_loop_rules"),
    )
    op.create_table(
        "loop_rounds",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("labelled_until", sa.Float(), nullable=False),
        sa.Column("corrections", sa.Integer(), nullable=False),
        sa.Column("disagreements", sa.Integer(), nullable=False),
        sa.Column("base_file", sa.String(), nullable=True),
        sa.Column("corrections_file", sa.String(), nullable=False),
        sa.Column("training_file", sa.String(), nullable=False),
        sa.Column("test_file", sa.String(), nullable=True),
        sa.Column("job_id", sa.String(), nullable=True),
        sa.Column("model_id", sa.String(), nullable=True),
        sa.Column("before_model", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_loop_rounds"),
    )
    op.create_index("ix_loop_rounds_created_at_id", "loop_rounds", ["created_at", "id"])
    op.create_index("ix_loop_rounds_slot_created_at", "loop_rounds", ["slot", "created_at"])
