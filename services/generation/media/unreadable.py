"""Why a picture or a sound gives nothing."""

from __future__ import annotations


class Unreadable(Exception):
    """A file of a customer cannot be read; ``code`` is a stable name for programs."""

    def __init__(self, message: str, code: str = "invalid_file") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
