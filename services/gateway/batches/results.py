"""The results of a batch: parts while it is under way, two files in the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from services.gateway.batches.input_file import BatchRequest, requests_of
from services.gateway.files.uploads import CHUNK_BYTES
from services.gateway.http.access.inner import InnerAnswer
from shared.artifacts.keys import Stored
from shared.artifacts.layout import batch_key, file_key
from shared.artifacts.store import ArtifactStore
from shared.storage.tables.batches import Batch
from shared.storage.tables.core import File

#: What the lines of a part begin with: those for the output file, and those for the error file.
_GOOD, _BAD = b"+", b"-"
#: Of a file of results; far beyond 50,000 answers of any size we give.
_MAX_BYTES = 64 * 1024**3
_NO_CONTENT = 0


@dataclass(frozen=True, slots=True)
class RowResult:
    """What came of one request.

    Attributes:
        line: Of the file that it belongs to.
        is_good: Whether that is the output file.
        input_tokens: Read for it.
        output_tokens: Written for it.
    """

    line: bytes
    is_good: bool
    input_tokens: int = 0
    output_tokens: int = 0


def result_of(batch: Batch, request: BatchRequest, answer: InnerAnswer) -> RowResult:
    """The line of a request that was answered."""
    body = from_json(answer.body)
    response = {"status_code": answer.status, "request_id": answer.request_id, "body": body}
    is_good = answer.status < 400  # where errors begin
    usage = body.get("usage") if isinstance(body, dict) and is_good else None
    read, written = _tokens(usage if isinstance(usage, dict) else {})
    return RowResult(_line(batch, request, response, None), is_good, read, written)


def _tokens(usage: dict[str, Any]) -> tuple[int, int]:
    read = usage.get("prompt_tokens", usage.get("input_tokens", 0))
    written = usage.get("completion_tokens", usage.get("output_tokens", 0))
    return int(read or 0), int(written or 0)


def _line(batch: Batch, request: BatchRequest, response: dict[str, Any] | None, error: dict[str, str] | None) -> bytes:
    document = {
        "id": f"batch_req_{batch.id.removeprefix('batch_')}_{request.row}",
        "custom_id": request.custom_id,
        "response": response,
        "error": error,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class BatchResults:
    """Keeps the results of batches in the artifact store."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def keep(self, batch: Batch, results: Sequence[RowResult]) -> None:
        """Store the next part of a batch; one that was stored in vain before is replaced."""
        key = batch_key(batch.id, batch.parts)
        lines = [(_GOOD if result.is_good else _BAD) + result.line for result in results]
        self._store.delete(key)
        self._store.put_stream(key, lines, _MAX_BYTES)

    def file(self, batch: Batch, file_id: str, *, good: bool, unasked: Iterable[BatchRequest] = ()) -> Stored | None:
        """Write one of the two files under an id; ``None`` if it would be empty.

        Args:
            batch: Whose parts.
            file_id: Of the file.
            good: The output file, else the error file.
            unasked: Requests that were never made, for the error file.
        """
        key = file_key(file_id)
        self._store.delete(key)  # of a process that died before it was done
        stored = self._store.put_stream(key, _chunked(self._lines(batch, good=good, unasked=unasked)), _MAX_BYTES)
        if stored.bytes == _NO_CONTENT:
            self._store.delete(key)
            return None
        return stored

    def _lines(self, batch: Batch, *, good: bool, unasked: Iterable[BatchRequest]) -> Iterator[bytes]:
        wanted = _GOOD if good else _BAD
        for part in range(batch.parts):
            with self._store.open(batch_key(batch.id, part)) as stream:
                yield from (line[1:] for line in stream if line[:1] == wanted)
        error = {"code": "batch_expired", "message": "The batch expired before this request was made."}
        for request in unasked:
            yield _line(batch, request, None, error)

    def unasked(self, batch: Batch, body_bytes: int) -> Iterator[BatchRequest]:
        """The requests that are left."""
        with self._store.open(file_key(batch.input_file_id)) as stream:
            yield from requests_of(stream, batch.next_row, batch.next_byte, body_bytes)

    def forget(self, batch: Batch) -> None:
        """Delete the parts."""
        self._store.delete(batch_key(batch.id))


def result_file(batch: Batch, file_id: str, stored: Stored, *, good: bool, now: float) -> File:
    """The row of a file of results."""
    return File(
        id=file_id,
        filename=f"{batch.id}_{'output' if good else 'error'}.jsonl",
        purpose="batch_output",
        bytes=stored.bytes,
        sha256=stored.sha256,
        created_at=now,
        expires_at=now + batch.output_lifetime if batch.output_lifetime else None,
        status="processed",
        key_id=batch.key_id,
    )


def _chunked(lines: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for line in lines:
        waiting += line
        if len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
