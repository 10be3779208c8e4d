"""What pages of other origins may ask from a browser: the doors of the widget, and nothing else.

Nothing here rests on cookies: who asks shows a token, or is judged by the origin that the browser tells. So any origin may read the
answer, a refusal above all, which a page could not tell from a dead network otherwise.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DOORS = re.compile(r"/v1/(?:widgets/[^/]+/sessions|conversations/[^/]+/live|feedback)|/widget\.js")
_PREFLIGHT = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, idempotency-key"),
    (b"access-control-max-age", b"600"),
]


class PublicDoors:
    """ASGI middleware: answers preflights, and lets pages read what they are answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not _DOORS.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope):
            await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
            await send({"type": "http.response.body"})
            return

        async def readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
            await send(message)

        await self._app(scope, receive, readable)
