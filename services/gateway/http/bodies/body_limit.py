"""No request body grows beyond its limit or takes for ever, however it is sent."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOADS = "/v1/files"
#: Bodies of JSON Lines, and documents of a stream.
_LINES = re.compile(r"/v1/catalogs/[^/]+/(items|events)/?")
_DOCUMENTS = re.compile(r"/v1/streams/[^/]+/documents/?")
#: Chats, responses and what customers say live, in which pictures and sounds may stand.
_MESSAGES = re.compile(r"/v1/(?:chat/completions|responses|conversations/[^/]+/live)/?")
#: Sounds that are to be written down.
_SOUNDS = re.compile(r"/v1/audio/(?:transcriptions|translations)/?")
#: A part of a file, and how large one may be, as the convention has it.
PARTS, PART_BYTES = re.compile(r"/v1/uploads/[^/]+/parts/?"), 64 * 1024 * 1024
#: Room for the multipart frame around a file.
FRAME_BYTES = 64 * 1024
#: What a client has to send at least, averaged over the body; slower ones hold a place that others need.
BYTES_PER_SECOND = 10_000


class BodyLimit:
    """ASGI middleware: reading beyond the limit raises 413, at the first byte when Content-Length tells it already.

    Waiting for a body longer than it takes at ``BYTES_PER_SECOND``, and some seconds, raises 408.

    Args:
        app: The application inside.
        json_bytes: Limit of every other body.
        messages_bytes: Limit of a chat or a response.
        audio_bytes: Limit of a sound.
        upload_bytes: Limit of an uploaded file.
        documents_bytes: Limit of documents for a stream.
        lines_bytes: Limit of items and events of a catalog.
        patience: Seconds that a body may take beyond what its size explains.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        json_bytes: int,
        messages_bytes: int,
        audio_bytes: int,
        upload_bytes: int,
        documents_bytes: int,
        lines_bytes: int,
        patience: float,
    ) -> None:
        self._app = app
        self._json_bytes = json_bytes
        self._messages_bytes = messages_bytes
        self._audio_bytes = audio_bytes
        self._upload_bytes = upload_bytes
        self._documents_bytes = documents_bytes
        self._lines_bytes = lines_bytes
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a receive that counts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"]) if scope["method"] in ("POST", "PUT") else self._json_bytes
        await self._app(scope, _counting(receive, _declared_length(scope), limit, self._patience), send)

    def _limit(self, path: str) -> int:
        if path.rstrip("/") == UPLOADS:
            return self._upload_bytes + FRAME_BYTES
        if PARTS.fullmatch(path):
            return min(self._upload_bytes, PART_BYTES) + FRAME_BYTES
        if _SOUNDS.fullmatch(path):
            return self._audio_bytes + FRAME_BYTES
        if _MESSAGES.fullmatch(path):
            return self._messages_bytes
        if _DOCUMENTS.fullmatch(path):
            return self._documents_bytes
        return self._lines_bytes if _LINES.fullmatch(path) else self._json_bytes


def _declared_length(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0


def _counting(receive: Receive, declared: int, limit: int, patience: float) -> Receive:
    size, complete = 0, False
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def counted() -> Message:
        nonlocal size, complete
        if declared > limit:
            raise _too_large(limit)
        if complete:  # what comes now is the client's leaving
            return await receive()
        try:
            async with asyncio.timeout_at(began + patience + size / BYTES_PER_SECOND):
                message = await receive()
        except TimeoutError:
            raise _too_slow() from None
        size += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if size > limit:
            raise _too_large(limit)
        return message

    return counted


def _too_slow() -> HTTPException:
    message = f"The request body came more slowly than {BYTES_PER_SECOND} bytes a second."
    return HTTPException(HTTPStatus.REQUEST_TIMEOUT, message, {"Connection": "close"})


def _too_large(limit: int) -> HTTPException:
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The request body is larger than {limit} bytes.")
