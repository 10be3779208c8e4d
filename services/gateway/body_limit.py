"""No request body grows beyond its limit, however it is sent."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOADS = "/v1/files"
#: Room for the multipart frame around a file.
FRAME_BYTES = 64 * 1024


class BodyLimit:
    """ASGI middleware: reading beyond the limit raises 413, at the first byte when Content-Length tells it already.

    Args:
        app: The application inside.
        json_bytes: Limit of every body but uploads.
        upload_bytes: Limit of an uploaded file.
    """

    def __init__(self, app: ASGIApp, *, json_bytes: int, upload_bytes: int) -> None:
        self._app = app
        self._json_bytes = json_bytes
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a receive that counts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        uploading = scope["path"].rstrip("/") == UPLOADS and scope["method"] == "POST"
        limit = self._upload_bytes + FRAME_BYTES if uploading else self._json_bytes
        await self._app(scope, _counting(receive, _declared_length(scope), limit), send)


def _declared_length(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0


def _counting(receive: Receive, declared: int, limit: int) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        if declared > limit:
            raise _too_large(limit)
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise _too_large(limit)
        return message

    return counted


def _too_large(limit: int) -> HTTPException:
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The request body is larger than {limit} bytes.")
