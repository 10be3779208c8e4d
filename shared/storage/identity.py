"""Ids: a prefix that tells a person what the thing is, and enough randomness that none is ever guessed or met twice."""

from __future__ import annotations

import secrets
import string
from typing import Literal

IdPrefix = Literal["ftjob-", "file-", "ftevent-", "ftckpt-", "conv_", "turn_", "alert_", "key_", "doc_"]

ID_LENGTH = 24
"""Random characters after the prefix: 142 bits."""

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: IdPrefix) -> str:
    """A fresh id, e.g. ``ftjob-Zr1…``; safe in URLs, file names and object keys."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(ID_LENGTH))
