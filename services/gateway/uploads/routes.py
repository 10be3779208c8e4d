"""``/v1/uploads``: a file in parts, which may come in any order and beside each other."""

from __future__ import annotations

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from services.gateway.files.routes import file_object
from services.gateway.files.uploads import (
    CHUNK_BYTES,
    FINE_TUNE,
    Upload,
    filename_of,
    opened_form,
    refuse_other_formats,
)
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies import multipart
from services.gateway.http.bodies.schemas import EmptyRequest
from services.gateway.http.router import resource
from services.gateway.state import AppState, State
from services.gateway.uploads.joining import joined, require_whole
from services.gateway.uploads.schemas import CompleteUpload, CreateUpload, PartObject, UploadObject
from shared.artifacts.layout import file_key, upload_key
from shared.errors import InvalidInput
from shared.storage.database.identity import new_id
from shared.storage.tables.uploads import PartedUpload, UploadPart
from shared.storage.training import files, uploads

router = resource("Uploads")

#: Seconds in which an upload has to be completed.
LIFE_SECONDS = 3600.0

_FORM = multipart.described(
    ["data"], {"data": {"type": "string", "format": "binary", "description": "At most 64 MiB."}}
)


@router.post("/uploads")
def create(body: CreateUpload, state: State, caller: TrainCaller) -> UploadObject:
    """Begin a file that comes in parts; it has to be completed within an hour."""
    if body.bytes > state.settings.upload_limit_bytes:
        raise InvalidInput(f"A file may have {state.settings.upload_limit_bytes} bytes.", param="bytes")
    filename = filename_of(body.filename, "filename")
    if body.purpose == FINE_TUNE:
        refuse_other_formats(filename, "filename")
    now = state.clock()
    upload = PartedUpload(
        id=new_id("upload_"),
        created_at=now,
        expires_at=now + LIFE_SECONDS,
        filename=filename,
        purpose=body.purpose,
        mime_type=body.mime_type,
        bytes=body.bytes,
        lifetime=body.expires_after.seconds if body.expires_after else None,
        key_id=caller.key_id,
    )
    with state.database.transaction() as session:
        return _upload(uploads.add(session, upload))


@router.post("/uploads/{upload_id}/parts", openapi_extra=_FORM)
async def add_part(upload_id: str, request: Request, state: State, caller: TrainCaller) -> PartObject:
    """Send a part. A part that was sent twice is two parts; the file is made of those that are named in the end."""
    with state.uploads.place():
        async with opened_form(request, "Send the part as 'multipart/form-data', with the field 'data'.") as form:
            data = form.get("data")
            if set(form) != {"data"} or not isinstance(data, UploadFile):
                raise InvalidInput("Send one field, 'data', with the bytes of the part.", param="data")
            return await run_in_threadpool(_keep_part, upload_id, data, state, caller)


def _keep_part(upload_id: str, data: UploadFile, state: AppState, caller: Caller) -> PartObject:
    with state.database.reading() as session:
        upload = _pending(uploads.get(session, upload_id, caller.key_id), state)
    part_id = new_id("part_")
    key = upload_key(upload_id, part_id)
    data.file.seek(0)
    stored = state.store.put_stream(key, iter(lambda: data.file.read(CHUNK_BYTES), b""), upload.bytes)
    part = UploadPart(id=part_id, upload_id=upload_id, created_at=state.clock(), bytes=stored.bytes)
    try:
        with state.database.transaction() as session:
            uploads.add_part(session, part)
    except InvalidInput:
        state.store.delete(key)
        raise
    return PartObject(id=part.id, created_at=int(part.created_at), upload_id=upload_id)


@router.post("/uploads/{upload_id}/complete")
def complete(upload_id: str, body: CompleteUpload, state: State, caller: TrainCaller) -> UploadObject:
    """Make the file of its parts, in the order in which they are named. Repeating it is harmless."""
    with state.database.reading() as session:
        upload = uploads.get(session, upload_id, caller.key_id)
        if upload.status == "completed":
            return _upload(upload, state)
        _pending(upload, state)
        require_whole(upload, uploads.parts(session, upload_id), body.part_ids)
    with state.uploads.place(), joined(state.store, upload_id, body) as content:
        given = Upload(upload.filename, upload.purpose, content, upload.lifetime)
        file = state.uploads.keep(given, caller.key_id, state.clock())
    with state.database.transaction() as session:
        is_ours = uploads.finish(session, upload_id, "completed", file.id)
        if is_ours:
            files.add(session, file)
        upload = uploads.get(session, upload_id, caller.key_id)
    state.store.delete(upload_key(upload_id) if is_ours else file_key(file.id))
    return _upload(upload if upload.status == "completed" else _pending(upload, state), state)


@router.post("/uploads/{upload_id}/cancel")
def cancel(upload_id: str, state: State, caller: TrainCaller, _body: EmptyRequest | None = None) -> UploadObject:
    """Give an upload up, with its parts. Repeating it is harmless."""
    with state.database.transaction() as session:
        uploads.get(session, upload_id, caller.key_id)
        uploads.finish(session, upload_id, "cancelled")
        upload = uploads.get(session, upload_id, caller.key_id)
    if upload.status != "cancelled":
        raise InvalidInput(f"The upload is {upload.status}; it cannot be cancelled.", param="upload_id")
    state.store.delete(upload_key(upload_id))
    return _upload(upload)


def _pending(upload: PartedUpload, state: AppState) -> PartedUpload:
    is_late = upload.status == "pending" and upload.expires_at <= state.clock()
    if is_late or upload.status != "pending":
        status = "expired" if is_late else upload.status
        raise InvalidInput(f"The upload is {status}; begin another one.", param="upload_id", code="upload_over")
    return upload


def _upload(upload: PartedUpload, state: AppState | None = None) -> UploadObject:
    file = None
    if state is not None and upload.file_id is not None:
        with state.database.reading() as session:
            file = file_object(files.get(session, upload.file_id))
    return UploadObject(
        id=upload.id,
        bytes=upload.bytes,
        created_at=int(upload.created_at),
        expires_at=int(upload.expires_at),
        filename=upload.filename,
        purpose=upload.purpose,
        status=upload.status,
        file=file,
    )
