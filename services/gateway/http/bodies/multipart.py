"""Forms with a file in them: what the page of the API says of one, and how it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import HTTPException, Request
from starlette.datastructures import FormData, UploadFile

from shared.errors import InvalidInput, StorageFull
from shared.full_disk import is_disk_full


def described(required: Sequence[str], properties: Mapping[str, Any]) -> dict[str, Any]:
    """What the page of the API adds to a route that reads such a form, as ``openapi_extra``."""
    schema = {"type": "object", "required": list(required), "properties": dict(properties)}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


@asynccontextmanager
async def opened(request: Request, remedy: str, *, max_fields: int, max_part_size: int) -> AsyncIterator[FormData]:
    """The form of a request while the context is open; its file goes to disk as it comes.

    Args:
        request: Whose body it is.
        remedy: What is told to whoever sends something else.
        max_fields: Fields beside the file.
        max_part_size: Bytes of a field.

    Raises:
        HTTPException: 415, it is no multipart form; 400, it is a broken one.
        StorageFull: The temporary folder has no room for it.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(415, remedy)
    try:
        form = await request.form(max_files=1, max_fields=max_fields, max_part_size=max_part_size)
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise StorageFull("The disk of the gateway's temporary folder is full: nothing was stored.") from error
    try:
        yield form
    finally:
        await form.close()


def file_of(form: FormData) -> UploadFile:
    """The field ``file``.

    Raises:
        InvalidInput: There is none, or it is no file.
    """
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidInput("Missing required parameter: 'file'.", param="file", code="missing_required_parameter")
    return file
