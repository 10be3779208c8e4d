"""What is read of a file: its text, where a chunk has to end, and why nothing can be read of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.errors import ParleyError

ErrorCode = Literal["unsupported_file", "invalid_file", "server_error"]

#: Characters that a file may have: some 5,000 pages.
MAX_CHARACTERS = 10_000_000


class Unreadable(ParleyError):
    """A file that cannot be read; the message is for its owner."""

    def __init__(self, message: str, code: ErrorCode = "invalid_file") -> None:
        super().__init__(message, code=code)


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a file.

    Attributes:
        text: All of it.
        breaks: Places, rising, that no chunk goes across: a pair of question and answer stands alone.
    """

    text: str
    breaks: tuple[int, ...] = ()

    @classmethod
    def of(cls, text: str) -> Document:
        """A text without what no database holds, and without white space at its end.

        Raises:
            Unreadable: Nothing is left, or too much.
        """
        return cls(_checked(text.replace("\0", "").encode("utf-8", "replace").decode().rstrip()))

    @classmethod
    def of_records(cls, records: list[str]) -> Document:
        """Pieces that each stand alone. Raises as ``of`` does."""
        texts = [Document.of(record).text.strip() for record in records if record.strip()]
        breaks, at = [], 0
        for text in texts:
            at += len(text) + 2
            breaks.append(at)
        return cls(_checked("\n\n".join(texts)), tuple(breaks[:-1]))


def _checked(text: str) -> str:
    if not text.strip():
        raise Unreadable("The file has no text.")
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(f"The file has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed. Split it.")
    return text
