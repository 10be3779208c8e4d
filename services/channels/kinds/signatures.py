"""HMAC-SHA256 as channels sign with it."""

from __future__ import annotations

import hashlib
import hmac
from http import HTTPStatus

from services.channels.kinds.kind import MAX_AGE, Event, Refused


def check(shown: str, expected: str) -> None:
    """Compare in a time that tells nothing.

    Raises:
        Refused: They differ.
    """
    if not hmac.compare_digest(shown.encode("utf-8", "replace"), expected.encode()):
        raise Refused("The signature is not that of this channel; compare the secrets.", HTTPStatus.UNAUTHORIZED)


def hex_digest(secret: str, signed: bytes) -> str:
    """In lower-case hexadecimal."""
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def fresh(event: Event, stamp: str, max_age: float = MAX_AGE, unit: float = 1.0) -> str:
    """The time of signing, if it is not long ago.

    Args:
        event: What was signed.
        stamp: In Unix seconds, or another unit.
        max_age: Seconds.
        unit: Seconds of one.

    Raises:
        Refused: It is, or there is none.
    """
    if not (stamp.isascii() and stamp.isdigit() and abs(event.now - int(stamp[:15]) * unit) <= max_age):
        raise Refused(f"It was not signed within the last {max_age:g} seconds.", HTTPStatus.UNAUTHORIZED)
    return stamp
