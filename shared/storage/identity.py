"""Ids: a prefix that tells a person what the thing is, and enough randomness that none is ever guessed or met twice."""

from __future__ import annotations

import os
import string
from threading import Lock
from typing import Literal

IdPrefix = Literal["ftjob-", "file-", "ftevent-", "ftckpt-", "conv_", "turn_", "alert_", "key_", "doc_"]

ID_LENGTH = 24
"""Random characters after the prefix: 142 bits."""

_ALPHABET = string.ascii_letters + string.digits
_IDS = len(_ALPHABET) ** ID_LENGTH

#: So many more than 142 bits that the remainder favours no id by more than 2^-50.
_BYTES = 24


class _Entropy:
    """Random bytes of the kernel, fetched many at once: each call gives the interpreter lock away."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._bytes = b""

    def take(self, count: int) -> bytes:
        with self._lock:
            if len(self._bytes) < count:
                self._bytes = os.urandom(4096)
            taken, self._bytes = self._bytes[:count], self._bytes[count:]
        return taken

    def forget(self) -> None:
        """A child process must not use what its parent uses."""
        self._lock, self._bytes = Lock(), b""


_ENTROPY = _Entropy()
os.register_at_fork(after_in_child=_ENTROPY.forget)


def new_id(prefix: IdPrefix) -> str:
    """A fresh id, e.g. ``ftjob-Zr1…``; safe in URLs, file names and object keys."""
    number = int.from_bytes(_ENTROPY.take(_BYTES)) % _IDS
    signs = []
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        signs.append(_ALPHABET[digit])
    return prefix + "".join(signs)
