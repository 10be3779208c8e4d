"""The file of a batch: judged as a whole before the first request is made, then read on from where one stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import from_json

#: Requests of one batch.
MAX_ROWS = 50_000
#: Faults that are told.
MAX_FAULTS = 100
#: Bytes of a line beyond the largest body: the names around it.
_FRAME_BYTES = 8192


class BatchLine(BaseModel):
    """A line: one request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    custom_id: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    method: Literal["POST"]
    url: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A request, and its place.

    Attributes:
        row: Requests before it.
        custom_id: Its name in the file.
        body: Its JSON.
        end: Where the line after it begins, in bytes.
    """

    row: int
    custom_id: str
    body: bytes
    end: int


@dataclass(slots=True)
class Judgement:
    """What was found in a file."""

    total: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list)


def judge(stream: BinaryIO, endpoint: str, body_bytes: int) -> Judgement:
    """Read a whole file.

    Args:
        stream: Its bytes.
        endpoint: What all requests have to be for.
        body_bytes: Largest body of a request.
    """
    found = Judgement()
    seen: set[str] = set()
    for number, line in enumerate(_lines(stream, body_bytes), start=1):
        if len(found.faults) >= MAX_FAULTS:
            return found
        if not line.strip():
            continue
        found.total += 1
        if found.total > MAX_ROWS:
            found.faults.append(_fault("too_many_requests", f"there are more than {MAX_ROWS} requests", None))
            return found
        fault = _fault_of(line, number, endpoint, body_bytes, seen)
        if fault is not None:
            found.faults.append(fault)
    if not found.total:
        found.faults.append(_fault("empty_file", "the file holds no request", None))
    return found


def requests_of(stream: BinaryIO, row: int, byte: int, body_bytes: int) -> Iterator[BatchRequest]:
    """The requests of a file that was judged, from one on.

    Args:
        stream: Its bytes, from the first.
        row: Requests before the first one wanted.
        byte: Where that begins.
        body_bytes: Largest body of a request.
    """
    stream.seek(byte)
    for line in _lines(stream, body_bytes):
        byte += len(line)
        if not line.strip():
            continue
        document = from_json(line)
        body = json.dumps(document["body"], ensure_ascii=False, separators=(",", ":")).encode()
        yield BatchRequest(row, document["custom_id"], body, byte)
        row += 1


def _lines(stream: BinaryIO, body_bytes: int) -> Iterator[bytes]:
    longest = body_bytes + _FRAME_BYTES
    while line := stream.readline(longest + 1):
        yield line


def _fault_of(line: bytes, number: int, endpoint: str, body_bytes: int, seen: set[str]) -> dict[str, Any] | None:
    if len(line) > body_bytes + _FRAME_BYTES:
        return _fault("line_too_long", f"a request may have {body_bytes} bytes", number)
    try:
        request = BatchLine.model_validate(from_json(line, allow_inf_nan=False))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return _fault("invalid_request", f"{where or 'the line'}: {first['msg']}", number, where or None)
    except ValueError as error:
        return _fault("invalid_json_line", f"no JSON: {error}", number)
    if request.url != endpoint:
        return _fault("mismatched_endpoint", f"url must be {endpoint}, as the batch says", number, "url")
    if request.custom_id in seen:
        return _fault("duplicate_custom_id", f"custom_id {request.custom_id!r} was there before", number, "custom_id")
    seen.add(request.custom_id)
    if request.body.get("stream"):
        return _fault("stream_not_supported", "a batch streams nothing; leave stream out", number, "body.stream")
    return None


def _fault(code: str, message: str, line: int | None, param: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "line": line, "param": param}
