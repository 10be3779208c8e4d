"""Stored endpoints and deliveries in the shapes of the API, and events as they are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from services.gateway.webhooks.schemas import DeliveryObject, DeliveryTry, EndpointObject
from shared.storage.tables.webhooks import WebhookDelivery, WebhookEndpoint

#: Characters of a secret that are shown.
_HINT = 4


def endpoint_object(endpoint: WebhookEndpoint) -> EndpointObject:
    """An endpoint without its secret."""
    return EndpointObject(
        id=endpoint.id,
        name=endpoint.name,
        url=endpoint.url,
        event_types=endpoint.event_types,
        created_at=int(endpoint.created_at),
        updated_at=int(endpoint.updated_at),
        signing_secret_hint=f"whsec_…{endpoint.secret[-_HINT:]}",
    )


def delivery_object(delivery: WebhookDelivery) -> DeliveryObject:
    """A delivery with its tries."""
    return DeliveryObject(
        id=delivery.id,
        webhook_endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        data=delivery.data,
        status=delivery.status,
        created_at=int(delivery.created_at),
        finished_at=int(delivery.finished_at) if delivery.finished_at is not None else None,
        next_attempt_at=int(delivery.next_at) if delivery.status == "pending" else None,
        attempts=[DeliveryTry.model_validate(tried) for tried in delivery.tries],
    )


def event_body(event_id: str, event_type: str, created_at: float, data: Mapping[str, Any]) -> bytes:
    """An event as it is sent: the same bytes with every try."""
    event = {"id": event_id, "object": "event", "created_at": int(created_at), "type": event_type, "data": dict(data)}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
