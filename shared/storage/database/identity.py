"""Ids: a prefix that tells a person what the thing is, and enough randomness that none is ever guessed or met twice."""

from __future__ import annotations

import os
import string
from threading import Lock
from typing import Literal

IdPrefix = Literal[
    "ftjob-",
    "file-",
    "ftevent-",
    "ftckpt-",
    "conv_",
    "turn_",
    "alert_",
    "key_",
    "doc_",
    "wh_",
    "whdel_",
    "evt_",
    "batch_",
    "eval_",
    "evalrun_",
    "upload_",
    "part_",
    "batch_req_",
    "reply_",
    "vs_",
    "vsfb_",
    "notice_",
    "fb_",
    "resp_",
    "item_",
    "refused_",
    "reanalysis_",
    "media_",
    "audit_",
    "note_",
]

ID_LENGTH = 24
"""Random characters after the prefix: 142 bits."""

_ALPHABET = (string.ascii_letters + string.digits).encode()

#: A character for each byte. Eight of the 62 have a fifth byte, which costs less than one bit of all.
_CHARACTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))


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
    return prefix + _ENTROPY.take(ID_LENGTH).translate(_CHARACTERS).decode()
