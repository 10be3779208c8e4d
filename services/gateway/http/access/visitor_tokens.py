"""Tokens of visitors: what a page holds in place of a key.

A token names one conversation, the widget that let it in and the origin of the page, and ends soon. It is signed with the widget's
secret, so that any gateway process can judge it and a new secret ends them all.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Literal

#: How every token begins; no API key does.
PREFIX = "pv1."
_MAX_LENGTH = 2048

Use = Literal["speak", "resume"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says.

    Attributes:
        widget: Which one signed it.
        conversation: The only one that it opens.
        origin: Of the page.
        expires_at: Unix seconds.
        use: To take part in the conversation, or to be given a new token for it.
    """

    widget: str
    conversation: str
    origin: str
    expires_at: int
    use: Use


def signed(claims: Claims, secret: str) -> str:
    """The token; made of characters that a WebSocket's protocol may hold."""
    payload = _encoded(json.dumps(asdict(claims), separators=(",", ":")).encode())
    return f"{PREFIX}{payload}.{_signature(payload, secret)}"


def read(token: str) -> Claims | None:
    """What a token says, whoever wrote it; ``None`` if it is none."""
    payload = token.removeprefix(PREFIX).partition(".")[0]
    if len(token) > _MAX_LENGTH or not token.startswith(PREFIX):
        return None
    try:
        claims = Claims(**json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    except (ValueError, TypeError, binascii.Error):
        return None
    texts = (claims.widget, claims.conversation, claims.origin, claims.use)
    return claims if all(isinstance(one, str) for one in texts) and isinstance(claims.expires_at, int) else None


def is_signed(token: str, secret: str) -> bool:
    """Whether the token was signed with this secret."""
    payload, _, signature = token.removeprefix(PREFIX).partition(".")
    return hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(payload, secret).encode())


def _signature(payload: str, secret: str) -> str:
    key = secret.encode()
    return _encoded(hmac.new(key, payload.encode("utf-8", "replace"), hashlib.sha256).digest())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")
