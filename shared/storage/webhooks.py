"""Webhook endpoints, and deliveries: ``pending -> delivered | failed``.

An event is stored in the transaction that makes it happen, once for each endpoint that asks for it. It is told at least once:
whoever tries holds it for a while, and it is tried again if nothing is heard of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import func, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from shared.contracts.webhooks import WebhookEventType
from shared.errors import NotFound
from shared.storage.database.identity import new_id
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert_rows
from shared.storage.tables.webhooks import DeliveryStatus, WebhookDelivery, WebhookEndpoint


def emit(session: Session, event_type: WebhookEventType, data: Mapping[str, Any], now: float) -> int:
    """Have an event told; returns how many endpoints are going to hear of it.

    Args:
        session: The transaction in which it happens.
        event_type: What happened.
        data: To what: ids and figures, never a customer's words.
        now: Unix seconds.
    """
    asked = session.exec(select(WebhookEndpoint.id, WebhookEndpoint.event_types)).all()
    event_id = new_id("evt_")
    owed = [
        _delivery(endpoint_id, event_id, event_type, data, now) for endpoint_id, types in asked if event_type in types
    ]
    insert_rows(session, owed)
    return len(owed)


def _delivery(endpoint_id: str, event_id: str, event_type: str, data: Mapping[str, Any], now: float) -> WebhookDelivery:
    return WebhookDelivery(
        id=new_id("whdel_"),
        endpoint_id=endpoint_id,
        event_id=event_id,
        event_type=event_type,
        data=dict(data),
        created_at=now,
        next_at=now,
    )


def add(session: Session, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Store a new endpoint."""
    session.add(endpoint)
    session.flush()
    return endpoint


def count(session: Session) -> int:
    """How many endpoints there are."""
    return session.exec(select(func.count()).select_from(WebhookEndpoint)).one()


def get(session: Session, endpoint_id: str) -> WebhookEndpoint:
    """The endpoint.

    Raises:
        NotFound: There is no such endpoint.
    """
    endpoint = session.get(WebhookEndpoint, endpoint_id)
    if endpoint is None:
        raise _missing(endpoint_id)
    return endpoint


def page(session: Session, *, after: str | None = None, limit: int = 20) -> Page[WebhookEndpoint]:
    """Endpoints, newest first."""
    return read_page(session, WebhookEndpoint, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def change(session: Session, endpoint_id: str, changes: Mapping[str, Any], now: float) -> WebhookEndpoint:
    """Set some columns of an endpoint.

    Raises:
        NotFound: There is no such endpoint.
    """
    session.exec(
        update(WebhookEndpoint).where(col(WebhookEndpoint.id) == endpoint_id).values({**changes, "updated_at": now})
    )
    session.expire_all()
    return get(session, endpoint_id)


def delete(session: Session, endpoint_id: str) -> None:
    """Forget an endpoint, with what is owed to it and the log of what it was told.

    Raises:
        NotFound: There is no such endpoint.
    """
    session.exec(delete_from(WebhookDelivery).where(col(WebhookDelivery.endpoint_id) == endpoint_id))
    if session.exec(delete_from(WebhookEndpoint).where(col(WebhookEndpoint.id) == endpoint_id)).rowcount == 0:
        raise _missing(endpoint_id)


def is_due(session: Session, now: float, without: Collection[str] = ()) -> bool:
    """Whether there is anything to claim; a look that keeps no writer waiting."""
    return session.exec(_due(now, without).limit(1)).first() is not None


def _due(now: float, without: Collection[str]) -> SelectOfScalar[str]:
    return (
        select(WebhookDelivery.id)
        .where(
            col(WebhookDelivery.status) == "pending",
            col(WebhookDelivery.next_at) <= now,
            col(WebhookDelivery.endpoint_id).not_in(without),
        )
        .order_by(col(WebhookDelivery.next_at))
    )


def claim(
    session: Session, *, token: str, now: float, hold_seconds: float, limit: int, without: Collection[str] = ()
) -> list[tuple[WebhookDelivery, WebhookEndpoint]]:
    """Take deliveries that are due, with where they go.

    Args:
        session: The open transaction.
        token: Of whoever tries; see ``finish`` and ``postpone``.
        now: Unix seconds.
        hold_seconds: How long nobody else tries them.
        limit: Deliveries at most.
        without: Endpoints that are to be left alone.
    """
    due = _due(now, without).limit(limit).with_for_update(skip_locked=True)
    taken = session.scalars(
        update(WebhookDelivery)
        .where(col(WebhookDelivery.id).in_(due))
        .values(token=token, next_at=now + hold_seconds, attempts=col(WebhookDelivery.attempts) + 1)
        .returning(WebhookDelivery)
    ).all()
    places = {delivery.endpoint_id for delivery in taken}
    found = session.exec(select(WebhookEndpoint).where(col(WebhookEndpoint.id).in_(places))).all() if places else []
    endpoints = {endpoint.id: endpoint for endpoint in found}
    return [(delivery, endpoints[delivery.endpoint_id]) for delivery in taken]


def finish(
    session: Session, delivery: WebhookDelivery, status: DeliveryStatus, tried: Mapping[str, Any], now: float
) -> bool:
    """End a delivery; ``False`` if it is no longer held, and nothing was changed."""
    return _settle(session, delivery, tried, {"status": status, "finished_at": now})


def postpone(session: Session, delivery: WebhookDelivery, tried: Mapping[str, Any], next_at: float) -> bool:
    """Have a delivery tried again; ``False`` if it is no longer held, and nothing was changed."""
    return _settle(session, delivery, tried, {"next_at": next_at})


def _settle(session: Session, delivery: WebhookDelivery, tried: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    held = (
        col(WebhookDelivery.id) == delivery.id,
        col(WebhookDelivery.token) == delivery.token,
        col(WebhookDelivery.status) == "pending",
    )
    tries = [*delivery.tries, dict(tried)]
    return session.exec(update(WebhookDelivery).where(*held).values(token=None, tries=tries, **changes)).rowcount == 1


def deliveries(
    session: Session,
    endpoint_id: str,
    *,
    status: DeliveryStatus | None = None,
    after: str | None = None,
    limit: int = 20,
) -> Page[WebhookDelivery]:
    """What an endpoint was told, and what is owed to it, newest first."""
    mine = [col(WebhookDelivery.endpoint_id) == endpoint_id]
    if status is not None:
        mine.append(col(WebhookDelivery.status) == status)
    return read_page(session, WebhookDelivery, *mine, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def repeat(session: Session, endpoint_id: str, delivery_id: str, now: float) -> WebhookDelivery:
    """Have a delivery tried at once, however it ended; one that somebody is trying stays as it is.

    Raises:
        NotFound: The endpoint was never owed it.
    """
    mine = (col(WebhookDelivery.id) == delivery_id, col(WebhookDelivery.endpoint_id) == endpoint_id)
    session.exec(
        update(WebhookDelivery)
        .where(*mine, col(WebhookDelivery.token).is_(None))
        .values(status="pending", next_at=now, finished_at=None)
    )
    delivery = session.exec(select(WebhookDelivery).where(*mine)).one_or_none()
    if delivery is None:
        raise NotFound(f"No delivery {delivery_id!r} for this endpoint.", param="delivery_id")
    return delivery


def prune(session: Session, before: float) -> int:
    """Forget deliveries that ended before a time; returns how many."""
    ended: Sequence[Any] = (col(WebhookDelivery.finished_at) < before,)
    return session.exec(delete_from(WebhookDelivery).where(*ended)).rowcount


def _missing(endpoint_id: str) -> NotFound:
    return NotFound(f"No webhook endpoint {endpoint_id!r}.", param="webhook_endpoint_id")
