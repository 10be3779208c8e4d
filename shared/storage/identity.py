"""Ids: a prefix that tells a person what the thing is, and enough randomness that none is ever guessed or met twice."""

from __future__ import annotations

import secrets
import string
from typing import Literal

IdPrefix = Literal["ftjob-", "file-", "ftevent-", "ftckpt-", "conv_", "turn_", "alert_", "key_", "doc_"]

ID_LENGTH = 24
"""Random characters after the prefix: 142 bits."""

_ALPHABET = string.ascii_letters + string.digits
_IDS = len(_ALPHABET) ** ID_LENGTH


def new_id(prefix: IdPrefix) -> str:
    """A fresh id, e.g. ``ftjob-Zr1…``; safe in URLs, file names and object keys."""
    number = secrets.randbelow(_IDS)  # one call to the kernel: each gives the interpreter lock away
    signs = []
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        signs.append(_ALPHABET[digit])
    return prefix + "".join(signs)
