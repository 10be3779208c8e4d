"""``/v1/files``: uploads and results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, BinaryIO, Literal

from fastapi import Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from services.gateway.files.schemas import FileObject, Purpose
from services.gateway.files.uploads import CHUNK_BYTES, PURPOSES, Upload, opened_form, upload_of
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies import multipart
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, resource
from services.gateway.state import AppState, State
from shared.artifacts.layout import file_key
from shared.storage.tables.core import File
from shared.storage.training import files

router = resource("Files")

_FORM = multipart.described(
    ["purpose", "file"],
    {
        "purpose": {"type": "string", "enum": list(PURPOSES)},
        "file": {
            "type": "string",
            "format": "binary",
            "description": "For fine-tune: .jsonl or .csv of our rows, or what `import` can read.",
        },
        "import": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "Make rows of ours of a file of another format: `{}`, or an object with any of `map` (column by "
            "field), `format`, `encoding`, `sheet`, `header`, `task`, `sentiments`. Also as fields such as `import[map][text]`.",
        },
        "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
        "expires_after[seconds]": {"type": "integer", "minimum": 3600, "maximum": 2592000},
    },
)


@router.post("/files", openapi_extra=_FORM)
async def create(request: Request, state: State, caller: TrainCaller) -> FileObject:
    """Upload a file. The rows of a training file are judged at once: all that is wrong stands in `parley.faults`."""
    with state.uploads.place():
        async with opened_form(request) as form:
            return await run_in_threadpool(_keep, state, caller, upload_of(form))


def _keep(state: AppState, caller: Caller, upload: Upload) -> FileObject:
    file = state.uploads.keep(upload, caller.key_id, state.clock())
    with state.database.transaction() as session:
        files.add(session, file)
    return file_object(file)


@router.get("/files")
def list_files(
    state: State,
    _caller: TrainCaller,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    order: Literal["asc", "desc"] = "desc",
    purpose: Purpose | None = None,
) -> Listing[FileObject]:
    """Files, newest first unless told otherwise."""
    with state.database.reading() as session:
        page = files.page(session, after=after, limit=limit, order=order, purpose=purpose)
    return Listing[FileObject].of([file_object(file) for file in page.items], has_more=page.has_more)


@router.get("/files/{file_id}")
def retrieve(file_id: str, state: State, _caller: TrainCaller) -> FileObject:
    """One file."""
    with state.database.reading() as session:
        return file_object(files.get(session, file_id))


@router.delete("/files/{file_id}")
def delete(file_id: str, state: State, _caller: TrainCaller) -> Deleted:
    """Delete a file and its bytes. A job that has not read it yet will fail and say so."""
    with state.database.transaction() as session:
        files.delete(session, file_id)
    state.store.delete(file_key(file_id))
    return Deleted(id=file_id, object="file")


@router.get(
    "/files/{file_id}/content",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def content(file_id: str, state: State, _caller: TrainCaller) -> StreamingResponse:
    """The bytes of a file, as they came."""
    with state.database.reading() as session:
        file = files.get(session, file_id)
    return StreamingResponse(
        _chunks(state.store.open(file_key(file_id))),
        media_type="application/octet-stream",
        headers={"Content-Length": str(file.bytes), "Content-Disposition": "attachment"},
    )


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def file_object(file: File) -> FileObject:
    """A stored file in the shape of the convention."""
    return FileObject(
        id=file.id,
        bytes=file.bytes,
        created_at=int(file.created_at),
        expires_at=int(file.expires_at) if file.expires_at is not None else None,
        filename=file.filename,
        purpose=file.purpose,
        status=file.status,
        status_details=file.status_details,
        sha256=file.sha256,
        parley=file.report,
    )
