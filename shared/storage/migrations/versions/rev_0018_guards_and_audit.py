"""What guards saw, and who did what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

#: Entries younger than this cannot be deleted either: 30 days, in seconds.
_KEPT = 30 * 86_400

_POSTGRESQL = (
    (
        "CREATE FUNCTION keep_audit_entries() RETURNS trigger AS $$ BEGIN"
        f" IF TG_OP = 'DELETE' AND OLD.at < EXTRACT(EPOCH FROM now()) - {_KEPT} THEN RETURN OLD; END IF;"
        " RAISE EXCEPTION 'audit entries are never changed'; END $$ LANGUAGE plpgsql"
    ),
    "CREATE TRIGGER audit_entries_are_kept BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION keep_audit_entries()",
)
_SQLITE = (
    (
        "CREATE TRIGGER audit_entries_are_not_changed BEFORE UPDATE ON audit_entries"
        " BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END"
    ),
    (
        "CREATE TRIGGER audit_entries_are_kept BEFORE DELETE ON audit_entries"
        f" WHEN OLD.at >= CAST(strftime('%s', 'now') AS REAL) - {_KEPT} BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END"
    ),
)


def upgrade() -> None:
    """Two tables, and what keeps one of them as it is."""
    op.create_table(
        "guard_reviews",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("guard", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("withheld", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("decided_at", sa.Float(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_guard_reviews"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_guard_reviews_turn_id"),
    )
    op.create_index("ix_guard_reviews_conversation_id", "guard_reviews", ["conversation_id"])
    op.create_index("ix_guard_reviews_created_at_id", "guard_reviews", ["created_at", "id"])
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=True),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_at_id", "audit_entries", ["at", "id"])
    op.create_index("ix_audit_entries_actor", "audit_entries", ["actor"])
    op.create_index("ix_audit_entries_object_id", "audit_entries", ["object_id"])
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    op.drop_table("audit_entries")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION keep_audit_entries()")
    op.drop_table("guard_reviews")
