"""Recognises a full disk in whatever error it made."""

from __future__ import annotations

import errno
import os

from shared.errors import StorageFull

_FULL = (errno.ENOSPC, errno.EDQUOT)
#: What the system calls them: of libraries that are not written in Python only these words get through.
_WORDS = tuple(os.strerror(number) for number in _FULL)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, or one that led to it, says that there is no room left on a disk."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StorageFull) or (isinstance(cause, OSError) and cause.errno in _FULL):
            return True
        if any(words in str(cause) for words in _WORDS):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
