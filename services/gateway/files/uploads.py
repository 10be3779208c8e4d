"""Taking a file in: its form is read to disk, its bytes go to the store, and training rows are judged at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import BoundedSemaphore, RLock
from typing import Any, BinaryIO, get_args

from fastapi import Request
from starlette.datastructures import FormData

from services.gateway.files import import_form
from services.gateway.files.schemas import UploadPurpose
from services.gateway.http.bodies import multipart
from shared.artifacts.layout import file_key
from shared.artifacts.store import ArtifactStore
from shared.errors import InvalidInput, TooManyRequests
from shared.importing.columns import UnclearColumn
from shared.importing.options import ImportOptions
from shared.importing.reading import Import, import_rows
from shared.rows.reader import FileFormat, format_of, read_rows
from shared.rows.report import RowReport
from shared.storage.database.identity import new_id
from shared.storage.tables.core import File
from shared.tasks.records import kind_by_fields

FINE_TUNE = "fine-tune"
EVALS = "evals"
USER_DATA = "user_data"
BATCH = "batch"
PURPOSES: tuple[str, ...] = get_args(UploadPurpose)
CHUNK_BYTES = 1024 * 1024
#: Seconds that a file may be told to live, as the convention has it.
MIN_LIFE, MAX_LIFE = 3600, 2_592_000

_FIELDS = {"purpose", "file", "expires_after[anchor]", "expires_after[seconds]"}
_MAX_FIELDS = len(_FIELDS) + import_form.MAX_FIELDS
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Upload:
    """What came in the form.

    Attributes:
        filename: The last part of the name that the client gave; shown, never used as a path.
        purpose: What it is for.
        content: The bytes, on disk if they are many.
        lifetime: Seconds after which it is deleted, or ``None``.
        importing: How to make rows of ours of it; ``None`` if they are ours already.
    """

    filename: str
    purpose: str
    content: BinaryIO
    lifetime: int | None
    importing: ImportOptions | None = None


def opened_form(
    request: Request, remedy: str = "Send the file as 'multipart/form-data', with the fields 'purpose' and 'file'."
) -> AbstractAsyncContextManager[FormData]:
    """The form of an upload, or of a part of one: see ``multipart.opened``."""
    return multipart.opened(request, remedy, max_fields=_MAX_FIELDS, max_part_size=import_form.MAX_BYTES)


def upload_of(form: FormData) -> Upload:
    """Check the fields of the form.

    Raises:
        InvalidInput: One is missing, unknown or wrong.
    """
    for name in form:
        if name not in _FIELDS and not import_form.is_ours(name):
            raise InvalidInput(f"Unrecognized request argument supplied: {name}.", param=name, code="unknown_parameter")
    file, purpose = multipart.file_of(form), form.get("purpose")
    if purpose is None:
        raise InvalidInput("Missing required parameter: 'purpose'.", param="purpose", code="missing_required_parameter")
    if purpose not in PURPOSES:
        raise InvalidInput(f"'purpose' must be one of {', '.join(PURPOSES)}.", param="purpose")
    filename = filename_of(file.filename or "", "file")
    importing = import_form.import_options(form)
    if importing is not None and purpose != FINE_TUNE:
        raise InvalidInput("Only rows for 'fine-tune' are imported.", param=import_form.FIELD)
    if purpose == FINE_TUNE and importing is None:
        refuse_other_formats(filename, "file")
    return Upload(filename, str(purpose), file.file, _lifetime(form), importing)


def refuse_other_formats(filename: str, param: str) -> None:
    """Refuse what the strict reader of training rows does not read.

    Raises:
        InvalidInput: It is such; ``param`` is where it stands.
    """
    try:
        format_of(filename)
    except InvalidInput as error:
        raise InvalidInput(
            f"{error.message}. 'parley data import', or 'import': '{{}}' beside the file, reads other formats.",
            param=param,
        ) from error


class UploadStore:
    """Stores uploads, one set of rows in memory at a time however many come.

    Args:
        store: Where the bytes go.
        limit: Largest file in bytes.
        places: Uploads under way at once; each may hold a whole file on the disk of this process.
    """

    def __init__(self, store: ArtifactStore, limit: int, places: int) -> None:
        self._store = store
        self._limit = limit
        self._places = places
        self._taken = BoundedSemaphore(places)
        self._reading = RLock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for an upload, from before its body is read until it is stored.

        Raises:
            TooManyRequests: All are taken.
        """
        if not self._taken.acquire(blocking=False):
            raise TooManyRequests(f"{self._places} uploads are under way already; try again later.", retry_after=5.0)
        try:
            yield
        finally:
            self._taken.release()

    def keep(self, upload: Upload, key_id: str, now: float) -> File:
        """Store the bytes, or the rows that are imported of them, and judge them; the row is for the caller to store.

        Raises:
            InvalidInput: The file is too large, or cannot be imported.
        """
        if upload.importing is None:
            return self._stored(upload, upload.filename, _chunks(upload.content), key_id, now)
        with self._reading:
            found = _imported(upload.content, upload.filename, upload.importing)
            name = f"{PurePosixPath(upload.filename).stem}.jsonl"
            file = self._stored(upload, name, _joined(found.json_lines()), key_id, now)
        file.report = {**file.report, "import": found.understanding.as_json()}
        return file

    def _stored(self, upload: Upload, filename: str, chunks: Iterator[bytes], key_id: str, now: float) -> File:
        file_id = new_id("file-")
        stored = self._store.put_stream(file_key(file_id), chunks, self._limit)
        file = File(
            id=file_id,
            filename=filename,
            purpose=upload.purpose,
            bytes=stored.bytes,
            sha256=stored.sha256,
            created_at=now,
            expires_at=now + upload.lifetime if upload.lifetime else None,
            status="processed",
            key_id=key_id,
        )
        if upload.purpose == FINE_TUNE:
            self._judge(file, format_of(filename))
        return file

    def _judge(self, file: File, file_format: FileFormat) -> None:
        with self._reading, self._store.open(file_key(file.id)) as stream:
            report = read_rows(stream, file_format, kind_by_fields)
        file.report = _summary(report)
        if report.fault_count:
            first = report.faults[0]
            file.status = "error"
            file.status_details = (
                f"{report.fault_count} faults; the first in row {first.line}: {first.field} {first.message}".strip()
            )


def _summary(report: RowReport) -> dict[str, Any]:
    return {
        "task": report.task,
        "rows": len(report.rows),
        "fault_count": report.fault_count,
        "faults": [fault.model_dump() for fault in report.faults],
        "warning_count": report.warning_count,
        "warnings": [warning.model_dump() for warning in report.warnings],
    }


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    content.seek(0)
    while chunk := content.read(CHUNK_BYTES):
        yield chunk


def _imported(content: BinaryIO, filename: str, options: ImportOptions) -> Import:
    content.seek(0)
    try:
        return import_rows(content.read(), filename, options)
    except UnclearColumn as unclear:
        target, _, column = unclear.example.partition("=")
        said = f" Say which: {json.dumps({'import': {'map': {target: column}}}, ensure_ascii=False)}" if target else ""
        raise InvalidInput(unclear.message + said, param=f"import[map][{unclear.target}]") from unclear
    except InvalidInput as error:
        param = error.param if error.param == "file" else f"import[{error.param}]"
        raise InvalidInput(error.message, param=param) from error


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines in chunks as large as those of an upload."""
    waiting = bytearray()
    for line in lines:
        waiting += line
        if len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def filename_of(given: str, param: str) -> str:
    """The last part of a name, without what cannot be seen.

    Raises:
        InvalidInput: Nothing is left of it; ``param`` is where it stands.
    """
    name = _CONTROL.sub("", re.split(r"[/\\]", given)[-1])[:255]
    if not name:
        raise InvalidInput("The file needs a name.", param=param)
    return name


def _lifetime(form: FormData) -> int | None:
    seconds, anchor = form.get("expires_after[seconds]"), form.get("expires_after[anchor]")
    if seconds is None and anchor is None:
        return None
    if anchor != "created_at":
        raise InvalidInput("'expires_after[anchor]' must be 'created_at'.", param="expires_after[anchor]")
    digits = str(seconds)
    if not (digits.isascii() and digits.isdigit() and MIN_LIFE <= int(digits) <= MAX_LIFE):
        raise InvalidInput(
            f"'expires_after[seconds]' must be a whole number from {MIN_LIFE} to {MAX_LIFE}.",
            param="expires_after[seconds]",
        )
    return int(digits)
