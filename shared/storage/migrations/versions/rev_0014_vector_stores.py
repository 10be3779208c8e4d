"""The knowledge base: vector stores, their files, and the chunks and vectors of these."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "vector_stores",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("user_metadata", sa.JSON(), nullable=False),
        sa.Column("expires_after_days", sa.Integer(), nullable=True),
        sa.Column("last_active_at", sa.Float(), nullable=False),
        sa.Column("embedding_model", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vector_stores"),
    )
    op.create_index("ix_vector_stores_created_at_id", "vector_stores", ["created_at", "id"])
    _files()
    _chunks()


def downgrade() -> None:
    """Drop them."""
    for table in (
        "vector_store_vectors",
        "vector_store_chunks",
        "vector_store_batches",
        "vector_store_files",
        "vector_stores",
    ):
        op.drop_table(table)


def _files() -> None:
    op.create_table(
        "vector_store_files",
        sa.Column("vector_store_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("last_error", sa.JSON(), nullable=True),
        sa.Column("usage_bytes", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("chunking", sa.JSON(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=True),
        sa.Column("chunks", sa.Integer(), nullable=True),
        sa.Column("embedder", sa.String(), nullable=True),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("lease_expires_at", sa.Float(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("vector_store_id", "file_id", name="pk_vector_store_files"),
        sa.ForeignKeyConstraint(
            ["vector_store_id"], ["vector_stores.id"], name="fk_vector_store_files_vector_store_id"
        ),
    )
    op.create_index(
        "ix_vector_store_files_vector_store_id_created_at_file_id",
        "vector_store_files",
        ["vector_store_id", "created_at", "file_id"],
    )
    op.create_index("ix_vector_store_files_batch_id", "vector_store_files", ["batch_id"])
    op.create_index("ix_vector_store_files_status", "vector_store_files", ["status"])
    op.create_table(
        "vector_store_batches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("vector_store_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vector_store_batches"),
        sa.ForeignKeyConstraint(
            ["vector_store_id"], ["vector_stores.id"], name="fk_vector_store_batches_vector_store_id"
        ),
    )
    op.create_index("ix_vector_store_batches_vector_store_id", "vector_store_batches", ["vector_store_id"])


def _chunks() -> None:
    op.create_table(
        "vector_store_chunks",
        sa.Column("vector_store_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("vector_store_id", "file_id", "position", name="pk_vector_store_chunks"),
    )
    op.create_table(
        "vector_store_vectors",
        sa.Column("vector_store_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("embedder", sa.String(), nullable=False),
        sa.Column("first", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("vector_store_id", "file_id", "embedder", "first", name="pk_vector_store_vectors"),
    )
