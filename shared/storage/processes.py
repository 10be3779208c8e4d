"""The processes that say they are there."""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col, select

from shared.storage.database.statements import insert, values
from shared.storage.tables.platform import Process

#: Seconds without a word after which a process counts as gone: three words that did not come.
SILENT_SECONDS = 35.0
#: Seconds for which one that is gone is still shown, and after which it is forgotten.
_FORGOTTEN_SECONDS = 86_400.0


def say(session: Session, process: Process) -> None:
    """Note that a process is there, and how it is."""
    statement = insert(session, Process).values(values(process))
    changed = {column: statement.excluded[column] for column in ("seen_at", "problems", "facts")}
    session.exec(statement.on_conflict_do_update(index_elements=["id"], set_=changed))


def leave(session: Session, process_id: str) -> None:
    """Forget a process that ends in peace."""
    session.exec(delete(Process).where(col(Process.id) == process_id))


def all(session: Session) -> list[Process]:  # noqa: A001  # read as processes.all
    """Those that are there or were lately, by service and age."""
    return list(session.exec(select(Process).order_by(col(Process.service), col(Process.started_at), col(Process.id))))


def prune(session: Session, now: float) -> None:
    """Forget those that went without a word a day ago."""
    session.exec(delete(Process).where(col(Process.seen_at) < now - _FORGOTTEN_SECONDS))
