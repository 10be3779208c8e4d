"""``/v1/uploads``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.gateway.files.schemas import FileObject, UploadPurpose
from services.gateway.http.bodies.schemas import Body, Name, Resource
from shared.storage.tables.uploads import UploadStatus


class FileLife(Body):
    """When the file is deleted."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=3600, le=2_592_000)]


class CreateUpload(Body):
    """A file that is to come in parts."""

    bytes: Annotated[int, Field(ge=1)]
    """Of the whole file; its parts have to amount to it."""
    filename: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    mime_type: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    purpose: UploadPurpose
    expires_after: FileLife | None = None


class CompleteUpload(Body):
    """How the parts make the file."""

    part_ids: Annotated[list[Name], Field(min_length=1, max_length=10_000)]
    md5: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{32}$")] | None = None
    """Of the whole file; what does not match is refused."""


class UploadObject(Resource):
    """An upload."""

    object: Literal["upload"] = "upload"
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    status: UploadStatus
    file: FileObject | None


class PartObject(Resource):
    """A part of an upload."""

    object: Literal["upload.part"] = "upload.part"
    created_at: int
    upload_id: str
