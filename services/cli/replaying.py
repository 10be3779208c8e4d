"""Dated documents in the rhythm in which they were published."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.cli.api import CommandError

#: Seconds between two calls, at least: what falls into them is sent together.
_TICK = 0.25
#: Rows of one call.
_PER_CALL = 5_000
_MILLISECONDS = 1e11


@dataclass(frozen=True, slots=True)
class DatedLine:
    """A row with the Unix seconds at which it was published."""

    at: float
    line: bytes


def read_documents(path: Path) -> list[DatedLine]:
    """The rows of a file, the earliest first; a date without a zone is put in order as one of UTC.

    Raises:
        CommandError: A row is no JSON object, or has no date that can be read.
    """
    found = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                found.append(DatedLine(_published(line, number), line.rstrip(b"\n") + b"\n"))
    return sorted(found, key=lambda one: one.at)


def paced(
    documents: Sequence[DatedLine],
    speed: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[list[bytes]]:
    """The rows in pieces, each when its time has come.

    Args:
        documents: The earliest first.
        speed: Seconds of the past in one second; 0: all at once.
        clock: Seconds.
        sleep: Waits.
    """
    if not documents:
        return
    began, first, place = clock(), documents[0].at, 0
    while place < len(documents):
        now = first + (clock() - began) * speed if speed else documents[-1].at
        piece: list[bytes] = []
        while place < len(documents) and documents[place].at <= now and len(piece) < _PER_CALL:
            piece.append(documents[place].line)
            place += 1
        if piece:
            yield piece
        if place < len(documents) and speed:
            ahead = (documents[place].at - first) / speed - (clock() - began)
            if ahead > 0:
                sleep(max(ahead, _TICK))


def _published(line: bytes, number: int) -> float:
    try:
        told = json.loads(line)["published_at"]
        seconds = float(told) if not isinstance(told, str) or told.replace(".", "", 1).isdigit() else _read(told)
    except (ValueError, KeyError, TypeError, OverflowError):
        raise CommandError(f"Row {number} has no 'published_at' that can be read (RFC 3339 or Unix seconds).") from None
    return seconds / 1000 if seconds >= _MILLISECONDS else seconds


def _read(told: str) -> float:
    read = datetime.fromisoformat(told.strip())
    return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()
