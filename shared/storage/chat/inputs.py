"""What models in production are asked, by windows; and what they were judged by, which is the window that begins at 0."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete
from sqlmodel import Session, col, select

from shared.storage.database.statements import insert, values
from shared.storage.tables.platform import InputWindow

REFERENCE = 0
"""The beginning of the window that holds the rows that a model was judged by at its training."""

_KEYS = ("deployment", "model", "start", "process")
_SUMS = ("texts", "out_of_scope", "confidences", "embedding")


def put(session: Session, windows: Iterable[InputWindow]) -> None:
    """Keep windows; of one that is there, whatever counts more texts stays: it is the later word of the same process."""
    for window in windows:
        statement = insert(session, InputWindow).values(values(window))
        replaced = {column: statement.excluded[column] for column in _SUMS}
        later = statement.excluded["texts"] >= col(InputWindow.texts)
        session.exec(statement.on_conflict_do_update(index_elements=_KEYS, set_=replaced, where=later))


def reference(session: Session, model: str) -> InputWindow | None:
    """What a model was judged by; ``None`` for one that was trained before anybody asked, or not at all."""
    its = select(InputWindow).where(col(InputWindow.model) == model, col(InputWindow.start) == REFERENCE)
    return session.exec(its).first()


def since(session: Session, deployment: str, model: str, start: float) -> list[InputWindow]:
    """The windows of a model in a deployment that begin then or later."""
    its = col(InputWindow.deployment) == deployment, col(InputWindow.model) == model
    return list(session.exec(select(InputWindow).where(*its, col(InputWindow.start) >= max(int(start), 1))))


def prune(session: Session, before: float) -> None:
    """Forget windows that began before then; what models were judged by stays."""
    old = col(InputWindow.start) > REFERENCE, col(InputWindow.start) < int(before)
    session.exec(delete(InputWindow).where(*old))
