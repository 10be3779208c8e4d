"""Parts of a message that are no text, as clients send them."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.http.bodies.schemas import Name
from shared.errors import InvalidInput

#: Of one message.
MAX_PARTS = 4
#: Bytes of one that stands in the message itself.
MAX_BYTES = 8 * 1024 * 1024
_PREFIX = "data:"


class ImageUrl(BaseModel):
    """A picture as chats have it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: Annotated[str, Field(max_length=2 * MAX_BYTES)]


class Picture(BaseModel):
    """A picture: its bytes, or the id of an uploaded file."""

    model_config = ConfigDict(frozen=True)

    url: str | None = None
    file_id: Name | None = None

    @property
    def digest(self) -> str:
        """Tells it from others in a history."""
        return (
            f"[picture {hashlib.sha256((self.url or self.file_id or '').encode('utf-8', 'replace')).hexdigest()[:32]}]"
        )

    def content(self, param: str) -> bytes | None:
        """Its bytes; ``None``: they are those of the file.

        Raises:
            InvalidInput: It is neither, or too large. Nothing is fetched from elsewhere.
        """
        if self.file_id is not None:
            return None
        return data_of(self.url or "", param)


class InputAudio(BaseModel):
    """A sound as both conventions have it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    data: Annotated[str, Field(max_length=2 * MAX_BYTES)]
    format: Annotated[str, Field(max_length=16)] = "wav"


class Sound(BaseModel):
    """A sound in base64; what it is, its bytes tell."""

    model_config = ConfigDict(frozen=True)

    data: str

    @property
    def digest(self) -> str:
        """Tells it from others in a history."""
        return f"[sound {hashlib.sha256(self.data.encode('utf-8', 'replace')).hexdigest()[:32]}]"

    def content(self, param: str) -> bytes:
        """Its bytes.

        Raises:
            InvalidInput: They are not in base64, or too many.
        """
        return decoded(self.data, param)


def data_of(url: str, param: str) -> bytes:
    """The bytes of a data: URL.

    Raises:
        InvalidInput: It is another address, broken, or too large.
    """
    head, comma, body = url.partition(",")
    if not head.startswith(_PREFIX) or not comma:
        raise InvalidInput(
            f"'{param}' must be a data: URL with the picture in base64, or name an uploaded file by 'file_id': nothing is fetched from other addresses.",
            param=param,
        )
    if not head.endswith(";base64"):
        raise InvalidInput(f"'{param}' must hold base64: 'data:image/jpeg;base64,…'.", param=param)
    return decoded(body, param)


def decoded(body: str, param: str) -> bytes:
    """The bytes of a base64 text.

    Raises:
        InvalidInput: It is none, is empty, or stands for too many.
    """
    if len(body) > MAX_BYTES * 4 // 3 + 4:
        raise InvalidInput(
            f"'{param}' has more than {MAX_BYTES // 1024 // 1024} MiB; upload the file and name its id.", param=param
        )
    try:
        content = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"'{param}' is not base64.", param=param) from None
    if not content:
        raise InvalidInput(f"'{param}' is empty.", param=param)
    return content


def picture_of(part: Any) -> Picture | None:
    """The picture of a part of either convention, if it is one."""
    if part.type == "image_url" and part.image_url is not None:
        return Picture(url=part.image_url.url)
    if part.type == "input_image":
        return Picture(url=part.image_url, file_id=part.file_id)
    return None


def sound_of(part: Any) -> Sound | None:
    """The sound of a part, if it is one."""
    return Sound(data=part.input_audio.data) if part.type == "input_audio" and part.input_audio is not None else None
