"""Signatures of webhooks, as Standard Webhooks has them (https://www.standardwebhooks.com) and the official client verifies them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

_PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A fresh signing secret: 256 random bits."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode("ascii")


def signed_headers(signing_secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that prove who sent a message.

    Args:
        signing_secrets: As ``new_secret`` made them; a receiver that knows one of them accepts.
        message_id: The same with every try, so that a receiver can tell a repetition.
        timestamp: Unix seconds of this try; receivers refuse what is older than some minutes.
        body: The bytes that are sent.
    """
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    signatures = [f"v1,{_signature(secret, signed)}" for secret in signing_secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def is_signed(secret: str, message_id: str, timestamp: int, body: bytes, signatures: str) -> bool:
    """Whether one of the signatures of a message, as the header has them, was made with this secret."""
    expected = signed_headers([secret], message_id, timestamp, body)["webhook-signature"]
    shown = signatures.split(" ")[:10]
    return any(hmac.compare_digest(one.encode("utf-8", "replace"), expected.encode()) for one in shown)


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
