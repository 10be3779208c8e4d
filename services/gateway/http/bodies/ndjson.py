"""Bodies of JSON Lines: each line is a record of its own, and is refused or taken by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message as MimeHeaders
from http import HTTPStatus
from typing import Generic, TypeVar

from fastapi import HTTPException, Request

from services.gateway.http.bodies.json_body import parse_json
from shared.contracts.faults import Fault
from shared.errors import InvalidInput
from shared.privacy.masking import masked
from shared.rows.problems import Faulty

RowT = TypeVar("RowT")

TYPES = ("application/x-ndjson", "application/jsonl", "application/ndjson", "application/x-jsonlines")
"""The media types of such a body."""

#: Refused lines that are listed with their reason; further ones are counted.
MAX_LISTED = 100


@dataclass(frozen=True, slots=True)
class Lines(Generic[RowT]):
    """What a body holds.

    Attributes:
        rows: The lines that are in order, as rows, each with its number from 1.
        faults: Of the others, the first ``MAX_LISTED``.
        refused: How many others there are.
    """

    rows: list[tuple[int, RowT]]
    faults: list[Fault]
    refused: int


async def read_lines(request: Request, parse: Callable[[object], RowT], most: int) -> Lines[RowT]:
    """Read the body of a request; empty lines are none.

    Args:
        request: Its body is no larger than the server takes.
        parse: Makes a row of a parsed line; raises ``Faulty``.
        most: Lines of a body.

    Raises:
        HTTPException: 415, it is not declared to be JSON Lines.
        InvalidInput: It has no line, or more than ``most``.
    """
    headers = MimeHeaders()
    headers["content-type"] = request.headers.get("content-type", "")
    if headers.get_content_type() not in TYPES:
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send a JSON object a line, with 'Content-Type: {TYPES[0]}'."
        )
    lines = [(number, line) for number, line in enumerate((await request.body()).split(b"\n"), 1) if line.strip()]
    if not lines:
        raise InvalidInput("The body is empty; send a JSON object a line.")
    if len(lines) > most:
        raise InvalidInput(f"The body has {len(lines)} lines; send {most} at most, and the others in another request.")
    return _read(lines, parse)


def _read(lines: list[tuple[int, bytes]], parse: Callable[[object], RowT]) -> Lines[RowT]:
    rows, faults, refused = list[tuple[int, RowT]](), list[Fault](), 0
    for number, line in lines:
        try:
            rows.append((number, parse(parse_json(line))))
        except InvalidInput as error:
            problems = [("", error.message)]
        except Faulty as faulty:
            problems = list(faulty.problems)
        else:
            continue
        refused += 1
        if len(faults) < MAX_LISTED:
            faults += [
                Fault(line=number, field=masked(field), message=masked(message)) for field, message in problems[:1]
            ]
    return Lines(rows, faults, refused)
