"""What stands around every page: headers, and whom the console lets in."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.session import Sessions

#: NiceGUI's pages start with scripts of their own in the page and compile their templates, so both are allowed; but nothing is
#: loaded from, sent to or shown by any other address, and no text of a customer is ever a part of a page's source.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with "no-referrer" browsers tell no origin of the form either
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}
#: What may be asked for without having signed in: the form, and the libraries of the pages.
_OPEN = ("/sign-in", "/_nicegui/", "/favicon.ico", "/preferences", "/health")


class Guard:
    """Refuses what other sites ask for, sends strangers to the form, and sets the headers.

    NiceGUI's socket takes connections from any origin. A browser tells the origin of whoever asks; one that is not the
    console's own is refused, so that no other site acts with somebody's cookie.

    Args:
        app: The application.
        sessions: Who has signed in.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path: str = scope["path"]
        if not _same_origin(headers):
            await self._refuse(scope, receive, send, 403, "This request came from another site.")
        elif self._sessions.read(cookies(headers)) is None and not path.startswith(_OPEN):
            await self._stranger(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))

    async def _stranger(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            target = quote(scope["path"] + query, safe="")
            await RedirectResponse(f"/sign-in?next={target}", 303)(scope, receive, _with_headers(send))
        else:
            await self._refuse(scope, receive, send, 401, "Sign in first.")

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int, reason: str) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await PlainTextResponse(reason, status)(scope, receive, _with_headers(send))


def cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """The cookies of a request."""
    return cookie_parser(headers.get("cookie", ""))


def own_address(target: str | None) -> str:
    """Where to go after the form: an address of this console, never another site's."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc else target


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "same-site", "none") or (
            headers.get("sec-fetch-mode") == "navigate"  # a link from elsewhere leads to a page, and changes nothing
        )
    return urlsplit(origin).netloc == headers.get("host")


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if headers.get("content-type", "").startswith("text/html"):
                headers["cache-control"] = "no-store"
        await send(message)

    return sending
