"""Mail as programs and machines write it."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

OWN = "help@shop.example"


def mail(text: str = "Where is my order?", subtype: str = "plain", **headers: Any) -> bytes:
    """A customer's mail; headers by name with ``_`` for ``-``, ``None`` leaves one out."""
    named = {
        "Return_Path": "<ada@example.org>",
        "From": "Ada Lovelace <Ada@example.org>",
        "To": OWN,
        "Subject": "Order 1001",
        "Message_ID": "<m1@example.org>",
        "Date": "Sat, 28 Nov 2026 10:00:00 +0000",
    } | headers
    message = EmailMessage()
    for name, value in named.items():
        if value is not None:
            message[name.replace("_", "-")] = value
    message.set_content(text, subtype=subtype)
    return message.as_bytes()
