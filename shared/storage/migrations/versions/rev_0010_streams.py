"""Streams of documents: declared, fetched, read, and counted by event time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TABLES = ("streams", "stream_sources", "documents", "document_mentions", "text_bands", "trend_buckets")


def upgrade() -> None:
    """Create the tables, and count what chats and analyses have brought so far."""
    _streams()
    _documents()
    _buckets()
    for level in (60, 300, 3600, 86_400):
        op.execute(_COUNTED.format(level=level))


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.drop_table(table)


#: Minutes are never negative, and a driver would take a percent sign for a place of a parameter.
_COUNTED = (
    "INSERT INTO trend_buckets (stream, level, start, entity, topic, language, source, texts, negative, neutral, positive, score, reach)"
    " SELECT stream, {level}, minute / {level} * {level}, '', intent, '', '', sum(negative + neutral + positive), sum(negative), sum(neutral),"
    " sum(positive), 1000 * (sum(positive) - sum(negative)), sum(negative + neutral + positive)"
    " FROM sentiment_counts GROUP BY stream, minute / {level} * {level}, intent"
)


def _streams() -> None:
    op.create_table(
        "streams",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
    )
    op.create_table(
        "stream_sources",
        sa.Column("stream", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("setting", sa.JSON(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("fetched_at", sa.Float(), nullable=True),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_stream_sources_due_at", "stream_sources", ["due_at"])


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("stream", sa.String(), primary_key=True),
        sa.Column("id", sa.String(), primary_key=True),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("title", "text", "source", "url", "author", "language", "topic")
        ),
        sa.Column("published_at", sa.Float(), nullable=False),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.Column("voice", sa.String(), nullable=True),
        sa.Column("sentiment", sa.String(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("remark", sa.String(), nullable=False),
    )
    op.create_index("ix_documents_stream_published_at_id", "documents", ["stream", "published_at", "id"])
    op.create_table(
        "document_mentions",
        sa.Column("stream", sa.String(), primary_key=True),
        sa.Column("document_id", sa.String(), primary_key=True),
        sa.Column("entity", sa.String(), primary_key=True),
        sa.Column("published_at", sa.Float(), nullable=False),
        sa.Column("sentiment", sa.String(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
    )
    op.create_index(
        "ix_document_mentions_stream_entity_published_at", "document_mentions", ["stream", "entity", "published_at"]
    )
    op.create_table(
        "text_bands",
        sa.Column("stream", sa.String(), primary_key=True),
        sa.Column("band", sa.String(), primary_key=True),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("published_at", sa.Float(), nullable=False),
    )
    op.create_index("ix_text_bands_published_at", "text_bands", ["published_at"])


def _buckets() -> None:
    op.create_table(
        "trend_buckets",
        sa.Column("stream", sa.String(), primary_key=True),
        sa.Column("level", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger(), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.String(), primary_key=True) for name in ("entity", "topic", "language", "source")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("texts", "negative", "neutral", "positive")),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("reach", sa.Integer(), nullable=False),
    )
