"""Responses: those that are kept, and those that are still to be written.

Work in the background is claimed with a lease, as jobs are: the row is the truth, a message is only a wake-up, and whoever
lost the lease writes nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, func, or_, update
from sqlmodel import Session, col, select

from shared.contracts.webhooks import WebhookEventType
from shared.errors import NotFound, TooManyRequests
from shared.storage import webhooks
from shared.storage.database.statements import insert_rows
from shared.storage.tables.core import Response, ResponsePiece, ResponseStatus, Turn

_EVENTS: Mapping[str, WebhookEventType] = {
    "completed": "response.completed",
    "incomplete": "response.incomplete",
    "failed": "response.failed",
}
"""What is told of one that was written in the background."""

UNFINISHED: tuple[ResponseStatus, ...] = ("queued", "in_progress")


def add(session: Session, *rows: Response) -> None:
    """Store responses, in one statement.

    Raises:
        AlreadyExists: The idempotency key of one was used before.
    """
    insert_rows(session, rows)


def get(session: Session, response_id: str) -> Response:
    """The response.

    Raises:
        NotFound: There is no such response.
    """
    found = session.get(Response, response_id)
    if found is None:
        raise NotFound(f"No response {response_id!r}.", param="response_id")
    return found


def find(session: Session, response_id: str) -> Response | None:
    """The response, if it was kept."""
    return session.get(Response, response_id)


def turn_of(session: Session, response: Response) -> Turn | None:
    """The turn that a bot answered with."""
    return None if response.turn_id is None else session.get(Turn, response.turn_id)


def by_idempotency_key(session: Session, key_id: str, idempotency_key: str) -> Response | None:
    """The response that this API key asked for with this idempotency key."""
    mine = (col(Response.key_id) == key_id, col(Response.idempotency_key) == idempotency_key)
    return session.exec(select(Response).where(*mine)).one_or_none()


def remove(session: Session, response_id: str) -> None:
    """Delete a response and what is there of its words; whoever works at it finds that it is gone."""
    session.exec(delete(ResponsePiece).where(col(ResponsePiece.response_id) == response_id))
    session.exec(delete(Response).where(col(Response.id) == response_id))


def require_room(session: Session, limit: int) -> None:
    """Raise ``TooManyRequests`` if so many are not finished."""
    waiting = session.exec(select(func.count()).where(col(Response.status).in_(UNFINISHED))).one()
    if waiting >= limit:
        raise TooManyRequests(f"{limit} responses wait to be written in the background; try again later.")


def claim(session: Session, token: str, now: float, seconds: float) -> Response | None:
    """Take the oldest one that nobody works at, for ``seconds``; ``None``: there is none, or another process was quicker."""
    free = or_(
        col(Response.status) == "queued",
        and_(col(Response.status) == "in_progress", col(Response.lease_expires_at) < now),
    )
    mine = col(Response.background).is_(True)
    ready = or_(col(Response.lease_expires_at).is_(None), col(Response.lease_expires_at) < now)
    oldest = select(col(Response.id)).where(mine, free, ready).order_by(col(Response.created_at)).limit(1)
    response_id = session.exec(oldest).first()
    if response_id is None:
        return None
    claimed = session.exec(
        update(Response)
        .where(col(Response.id) == response_id, free, ready)
        .values(
            status="in_progress",
            attempt=col(Response.attempt) + 1,
            lease_token=token,
            lease_expires_at=now + seconds,
        )
    )
    return get(session, response_id) if claimed.rowcount else None


def renew(session: Session, response_id: str, token: str, until: float) -> bool:
    """Keep a lease; ``False``: it is lost, since the response was cancelled, deleted or taken over."""
    return _write(session, response_id, token, {"lease_expires_at": until})


def put_back(session: Session, response_id: str, token: str, until: float) -> bool:
    """Let any process try again after ``until``."""
    return _write(session, response_id, token, {"lease_token": None, "lease_expires_at": until})


def finish(session: Session, response_id: str, token: str, now: float, values: Mapping[str, Any]) -> bool:
    """Write how it ended, and have it told; ``False``: it is not ours to end any more, and nothing was written."""
    ended = _write(session, response_id, token, {**values, "lease_token": None, "lease_expires_at": None})
    if ended:
        webhooks.emit(session, _EVENTS[values["status"]], {"id": response_id}, now)
        session.exec(delete(ResponsePiece).where(col(ResponsePiece.response_id) == response_id))
    return ended


def cancel(session: Session, response_id: str, now: float) -> bool:
    """Stop one that is not finished, and have it told; ``False``: it is."""
    stopped = session.exec(
        update(Response)
        .where(col(Response.id) == response_id, col(Response.status).in_(UNFINISHED))
        .values(status="cancelled", completed_at=now, lease_token=None, lease_expires_at=None)
    )
    if stopped.rowcount:
        webhooks.emit(session, "response.cancelled", {"id": response_id}, now)
    return bool(stopped.rowcount)


def _write(session: Session, response_id: str, token: str, values: Mapping[str, Any]) -> bool:
    written = session.exec(
        update(Response)
        .where(
            col(Response.id) == response_id, col(Response.lease_token) == token, col(Response.status) == "in_progress"
        )
        .values(**values)
    )
    return bool(written.rowcount)


def add_pieces(session: Session, piece: ResponsePiece) -> None:
    """Store what was written meanwhile."""
    insert_rows(session, [piece])


def pieces(session: Session, response_id: str, attempt: int, number: int) -> list[str]:
    """What an attempt has written after its first ``number`` pieces."""
    these = (
        col(ResponsePiece.response_id) == response_id,
        col(ResponsePiece.attempt) == attempt,
        col(ResponsePiece.number) >= number,
    )
    rows = session.exec(select(ResponsePiece).where(*these).order_by(col(ResponsePiece.number))).all()
    return [piece for row in rows for piece in row.pieces]


def of_conversation(session: Session, conversation_id: str) -> Sequence[str]:
    """The ids of a conversation's responses."""
    return session.exec(select(col(Response.id)).where(col(Response.conversation_id) == conversation_id)).all()
