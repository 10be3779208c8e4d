"""Messages as AMQP has them, and back."""

from __future__ import annotations

from typing import Any

from shared.contracts.message import Exchange
from shared.messaging.encoded import EncodedMessage
from shared.messaging.envelope import Part
from shared.messaging.rabbitmq.frames import Delivered

_VERSION, _DEADLINE, _REQUEST_ID, _PART = "version", "deadline", "request-id", "part"
_OURS = frozenset((_VERSION, _DEADLINE, _REQUEST_ID, _PART))


def properties_of(encoded: EncodedMessage, now: float) -> dict[str, Any]:
    """The AMQP properties. A transient message with a deadline expires in the broker when nobody waits for it any more."""
    headers: dict[str, Any] = {_VERSION: encoded.version, **encoded.headers}
    properties: dict[str, Any] = {
        "content_type": "application/json",
        "delivery_mode": 2 if encoded.durable else 1,
        "message_id": encoded.message_id,
        "correlation_id": encoded.correlation_id,
        "type": encoded.type,
        "headers": headers,
        "reply_to": encoded.reply_to,
    }
    if encoded.deadline is not None:
        headers[_DEADLINE] = float(encoded.deadline)
        if not encoded.durable:
            properties["expiration"] = str(max(1, round((encoded.deadline - now) * 1000)))
    if encoded.request_id is not None:
        headers[_REQUEST_ID] = encoded.request_id
    if encoded.part is not None:
        headers[_PART] = str(encoded.part)
    return properties


def message_of(delivered: Delivered) -> EncodedMessage:
    """The message; a stranger's message becomes one that cannot be decoded, never an error."""
    properties = delivered.properties
    headers: dict[str, Any] = properties.get("headers") or {}
    version, deadline, request_id = headers.get(_VERSION), headers.get(_DEADLINE), headers.get(_REQUEST_ID)
    return EncodedMessage(
        exchange=Exchange.REPLY,
        key=delivered.key,
        body=delivered.body,
        type=properties.get("type") or "",
        version=version if isinstance(version, int) else 0,
        message_id=properties.get("message_id") or "",
        correlation_id=properties.get("correlation_id") or "",
        durable=properties.get("delivery_mode") == 2,  # AMQP's number for persistent
        reply_to=properties.get("reply_to"),
        deadline=deadline if isinstance(deadline, float) else None,
        request_id=request_id if isinstance(request_id, str) else None,
        headers={key: str(value) for key, value in headers.items() if key not in _OURS},
        part=Part.parse(headers[_PART]) if _PART in headers else None,
    )
