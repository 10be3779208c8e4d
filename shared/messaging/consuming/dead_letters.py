"""Dead letters: messages that nobody could handle, kept for operators with the reason and without customers' words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shared.contracts.message import Exchange
from shared.errors import ParleyError, reason_of
from shared.messaging.encoded import EncodedMessage
from shared.messaging.topology import Queues
from shared.privacy.masking import masked

Mask = Callable[[bytes], bytes]
"""Makes a body fit to be kept and read by operators."""

MASKED = "[masked]"
_CUSTOMERS_WORDS = frozenset(
    ("text", "texts", "user", "answer", "slots", "suggestions", "content", "prompt", "title", "author", "url", "meta")
)


def mask_customer_text(body: bytes) -> bytes:
    """Replace the values of every JSON field that may hold a customer's words; what is not JSON is replaced whole.

    In all other texts, names of fields included, personal numbers and addresses are masked: a stranger's message may
    hold them anywhere.
    """
    try:
        return json.dumps(_masked(json.loads(body))).encode()
    except (ValueError, RecursionError):
        return json.dumps(f"[masked: {len(body)} bytes that are not JSON]").encode()


def dead_letter(encoded: EncodedMessage, queue: str, error: Exception, mask: Mask) -> EncodedMessage:
    """The message as it goes to ``Queues.DEAD``; its headers say why, and where it came from."""
    headers = {
        "reason": masked(reason_of(error)),
        "code": error.code if isinstance(error, ParleyError) else ParleyError.default_code,
        "queue": queue,
        "original-type": masked(encoded.type),
    }
    return replace(
        encoded,
        exchange=Exchange.REPLY,
        key=Queues.DEAD.name,
        body=mask(encoded.body),
        type=masked(encoded.type),
        message_id=masked(encoded.message_id),
        correlation_id=masked(encoded.correlation_id),
        durable=True,
        reply_to=None,
        deadline=None,
        headers=headers,
    )


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {masked(key): MASKED if key in _CUSTOMERS_WORDS else _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if type(value) is int and (written := masked(str(value))).startswith("["):
        return written
    return masked(value) if isinstance(value, str) else value
