"""Documents taken in as their bytes come: row by row, each accepted once the broker has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from fastapi.concurrency import run_in_threadpool

from services.gateway.streams.rows import document_of
from shared.contracts.faults import Fault
from shared.contracts.monitoring.streams import DocumentsReceived, StreamDocument
from shared.errors import InvalidInput, ParleyError
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.storage.database.engine import Database
from shared.storage.monitoring import documents

MAX_ROWS = 10_000
#: A row and its line end; what is longer is refused without being read.
MAX_LINE = 256 * 1024
#: Documents of one message, and their characters, unless a single one has more.
PER_MESSAGE = 32
_CHARACTERS = 200_000
#: Rows that are judged and published together.
_AT_ONCE = 512
#: Faults and remarks that are told one by one.
MAX_TOLD = 100


@dataclass(slots=True)
class Taken:
    """What became of the rows."""

    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)

    def refuse(self, row: int, error: ParleyError) -> None:
        """Count a row that is no document, and tell why."""
        self.refused += 1
        if len(self.faults) < MAX_TOLD:
            self.faults.append(Fault(line=row, field=error.param or "", message=error.message))

    def remark(self, row: int, document: StreamDocument) -> None:
        """Tell what was assumed about a document."""
        if document.remark and len(self.remarks) < MAX_TOLD:
            self.remarks.append(Fault(line=row, field="published_at", message=document.remark))


class DocumentsIntake:
    """Takes the documents of one call.

    Args:
        stream: Whose they are.
        zone: In which their dates are meant.
        database: Knows which ids the stream has.
        publisher: Confirms what it sends.
        clock: Unix seconds.
    """

    def __init__(
        self, stream: str, zone: ZoneInfo, database: Database, publisher: Publisher, clock: Callable[[], float]
    ) -> None:
        self._stream = stream
        self._zone = zone
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._seen: set[str] = set()
        self.taken = Taken()

    async def take(self, chunks: AsyncIterator[bytes]) -> Taken:
        """Read NDJSON to its end.

        Raises:
            InvalidInput: There are more rows than a call may have.
            TooManyRequests: The queue is full; what was accepted stays so, and the call can be repeated whole.
            Unavailable: The broker or the database is away; likewise.
        """
        waiting: list[tuple[int, bytes | None]] = []
        async for row, line in _numbered(chunks):
            if row > MAX_ROWS:
                await run_in_threadpool(self._judge, waiting)
                raise InvalidInput(
                    f"A call takes {MAX_ROWS} rows; those before are accepted, so send the rest (or all again, in several calls)."
                )
            waiting.append((row, line))
            if len(waiting) == _AT_ONCE:
                await run_in_threadpool(self._judge, waiting)
                waiting = []
        await run_in_threadpool(self._judge, waiting)
        return self.taken

    def _judge(self, rows: Sequence[tuple[int, bytes | None]]) -> None:
        found = list(self._documents(rows))
        with self._database.reading() as session:
            known = documents.known(session, self._stream, [document.id for _, document in found])
        new = [(row, document) for row, document in found if document.id not in known]
        self.taken.repeated += len(found) - len(new)
        received_at = self._clock()
        messages = [
            DocumentsReceived(stream=self._stream, documents=tuple(piece), received_at=received_at)
            for piece in _pieces(document for _, document in new)
        ]
        if messages:
            self._publisher.publish([envelope(message) for message in messages])
        self.taken.accepted += len(new)
        for row, document in new:
            self.taken.remark(row, document)

    def _documents(self, rows: Sequence[tuple[int, bytes | None]]) -> Iterator[tuple[int, StreamDocument]]:
        """Those that are some, and that this call has not had before."""
        now = self._clock()
        for row, line in rows:
            try:
                document = document_of(_whole(line), self._zone, now)
            except InvalidInput as error:
                self.taken.refuse(row, error)
                continue
            if document.id in self._seen:
                self.taken.repeated += 1
            else:
                self._seen.add(document.id)
                yield row, document


def _whole(line: bytes | None) -> bytes:
    if line is None:
        raise InvalidInput(f"The row is longer than {MAX_LINE} bytes.")
    return line


def _pieces(found: Iterable[StreamDocument]) -> Iterator[list[StreamDocument]]:
    piece: list[StreamDocument] = []
    characters = 0
    for document in found:
        if piece and (len(piece) == PER_MESSAGE or characters + len(document.text) > _CHARACTERS):
            yield piece
            piece, characters = [], 0
        piece.append(document)
        characters += len(document.text)
    if piece:
        yield piece


async def _numbered(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes | None]]:
    """Rows with their numbers, from 1, blank lines left out; ``None`` for one that is too long."""
    row, rest, is_skipping = 0, b"", False
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if is_skipping:  # the end of what was refused
                is_skipping = False
            elif line.strip():
                row += 1
                yield row, line if len(line) <= MAX_LINE else None
        if is_skipping:
            rest = b""
        elif len(rest) > MAX_LINE:
            row += 1
            yield row, None
            rest, is_skipping = b"", True
    if rest.strip() and not is_skipping:
        yield row + 1, rest
