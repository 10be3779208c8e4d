"""Rows that are worked at under a lease, by one process at a time and each for a while: batches, and runs of evals.

A row has ``status``, ``worked_at``, ``lease_token`` and ``lease_expires_at``. Whoever waits longest comes next.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Update, or_, update
from sqlmodel import Session, col, select

from shared.storage.tables.core import Row

LeasedT = TypeVar("LeasedT", bound=Row)


@dataclass(frozen=True)
class Leases(Generic[LeasedT]):
    """The leases of a table.

    Attributes:
        table: Of the rows.
        final: Statuses of those that are over.
    """

    table: Any
    final: Collection[str]

    def is_waiting(self, session: Session, now: float) -> bool:
        """Whether there is anything to claim; a look that keeps no writer waiting."""
        return session.exec(select(self.table.id).where(*self._free(now)).limit(1)).first() is not None

    def claim(self, session: Session, *, token: str, now: float, lease_seconds: float) -> LeasedT | None:
        """Take the row that waits longest; ``None`` if there is nothing to take."""
        table = self.table
        next_one = select(table.id).where(*self._free(now)).order_by(col(table.worked_at), col(table.id)).limit(1)
        statement = (
            update(table)
            .where(col(table.id) == next_one.with_for_update(skip_locked=True).scalar_subquery(), *self._free(now))
            .values(lease_token=token, lease_expires_at=now + lease_seconds)
            .returning(table)
        )
        found: LeasedT | None = session.scalars(statement).one_or_none()
        return found

    def renew(self, session: Session, row_id: str, token: str, now: float, lease_seconds: float) -> str | None:
        """Prolong the lease; the status now, or ``None`` if the lease is lost, and the worker must stop."""
        held = self.held(row_id, token).values(lease_expires_at=now + lease_seconds).returning(self.table)
        row = session.scalars(held).one_or_none()
        return None if row is None else str(row.status)

    def release(self, session: Session, row_id: str, token: str, now: float) -> None:
        """Give a row back, to be gone on with after the others that wait."""
        session.exec(self.held(row_id, token).values(lease_token=None, lease_expires_at=None, worked_at=now))

    def held(self, row_id: str, token: str) -> Update:
        """A change of a row that is not over, by whoever holds it."""
        table = self.table
        open_ones = col(table.status).not_in(self.final)
        return update(table).where(col(table.id) == row_id, col(table.lease_token) == token, open_ones)

    def _free(self, now: float) -> tuple[Any, ...]:
        table = self.table
        expired = or_(col(table.lease_expires_at).is_(None), col(table.lease_expires_at) < now)
        return col(table.status).not_in(self.final), expired
