"""Every request leaves with an id, counted, and with the OpenAI body whatever went wrong."""

from __future__ import annotations

import re
import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.http.access.rate_limit import Allowance
from services.gateway.http.errors import internal_error, response_of
from shared.errors import InvalidInput
from shared.privacy.finding import find
from shared.telemetry import correlation, logs, metrics, tracing

log = logs.get(__name__)

REQUEST_ID = "x-request-id"
#: What a client may choose as its request id, if it is no phone number or the like; anything else is replaced, since it
#: goes into logs and messages.
_SANE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_ALLOWANCE = "parley.allowance"


def show_allowance(scope: Scope, allowance: Allowance) -> None:
    """Have the response tell what the key may still do."""
    scope[_ALLOWANCE] = allowance


class Tracing:
    """ASGI middleware around everything else: correlation id, metrics, log line, last resort for errors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; nothing that is raised inside gets past."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with correlation.bound(_request_id(scope)):
            exchange = _Exchange(scope, send)
            try:
                if b"%00" in scope.get("raw_path", b"") or b"%00" in scope["query_string"]:
                    refusal = response_of(InvalidInput("The address must not contain the character NUL (%00)."))
                    await refusal(scope, receive, exchange.send)
                else:
                    await self._app(scope, receive, exchange.send)
            except ClientDisconnect:
                log.debug("client left", route=exchange.route)
            except Exception:
                log.exception("request failed", method=scope["method"], route=exchange.route)
                if not exchange.status:
                    await internal_error()(scope, receive, exchange.send)
            finally:
                exchange.count()


def _request_id(scope: Scope) -> str:
    wished = Headers(scope=scope).get(REQUEST_ID, "")
    return wished if _SANE_ID.fullmatch(wished) and not find(wished) else correlation.new_correlation_id()


class _Exchange:
    """One request and what became of it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._began, self._began_at = time.monotonic(), time.time_ns()
        self.status = 0

    @property
    def route(self) -> str:
        """The path with its parameters unfilled: few values, and nothing that a caller wrote."""
        return getattr(self._scope.get("route"), "path", "unknown")

    async def send(self, message: Message) -> None:
        """Send, with our headers on the first message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = correlation.correlation_id()
            allowance = self._scope.get(_ALLOWANCE)
            if allowance is not None:
                headers.update(allowance.headers())
        await self._send(message)

    def count(self) -> None:
        """Note how it went; status 499 stands for a client that left before the answer."""
        status, seconds = self.status or 499, time.monotonic() - self._began
        metrics.HTTP_REQUESTS.labels(self.route, self._scope["method"], status).inc()
        metrics.HTTP_SECONDS.labels(self.route).observe(seconds)
        if tracing.is_on():
            told = {"http.request.method": self._scope["method"], "http.route": self.route}
            name, failed = f"{self._scope['method']} {self.route}", status >= HTTPStatus.INTERNAL_SERVER_ERROR
            told |= {"http.response.status_code": status}
            tracing.first(name, correlation.correlation_id(), self._began_at, told, failed=failed)
        level = log.debug if status < HTTPStatus.BAD_REQUEST else log.info
        level("request", method=self._scope["method"], route=self.route, status=status, ms=round(seconds * 1000, 1))
