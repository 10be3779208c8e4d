"""The names artifacts are stored under, and the intake of a stream: both refuse what a caller must not do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shared.errors import InvalidInput

_SEGMENT = re.compile(r"[A-Za-z0-9_:-][A-Za-z0-9_.:-]*")


class Stored(NamedTuple):
    """What a finished upload amounts to."""

    bytes: int
    sha256: str


def checked(key: str) -> str:
    """The key, if every segment of it is harmless.

    Raises:
        InvalidInput: It is empty, or a segment holds another character than letters, digits and ``_.:-``, or starts
            with a dot.
    """
    if not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise InvalidInput(f"{key!r} is no artifact key; use letters, digits and _.:- between slashes")
    return key


class Intake:
    """Counts and hashes the pieces of an upload on their way to the disk.

    Args:
        limit: Bytes after which the upload is refused.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._hash = hashlib.sha256()

    def pass_on(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces.

        Raises:
            InvalidInput: They amount to more than the limit.
        """
        for chunk in chunks:
            self._bytes += len(chunk)
            if self._bytes > self._limit:
                raise InvalidInput(
                    f"the file is larger than {self._limit} bytes; split it", param="file", code="file_too_large"
                )
            self._hash.update(chunk)
            yield chunk

    def stored(self) -> Stored:
        """Size and hash of what has passed."""
        return Stored(self._bytes, self._hash.hexdigest())
