"""JSON bodies, read strictly: the media type, the depth and the texts are judged before any schema is."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from email.message import Message as MimeHeaders
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.types import Receive, Scope, Send

from services.gateway.http.fast_route import Plan
from shared.errors import InvalidInput
from shared.text.strict_json import RepeatedKey, parsed

_NUL = "\0"
_JSON = "application/json"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRoute(APIRoute):
    """A route whose JSON body is parsed by us; the framework's own parser lets NUL and lone surrogates through."""

    answer: Handler | None = None
    """The endpoint along its plan, if it has one."""

    def get_route_handler(self) -> Handler:
        """The route's handler behind the strict parser."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle
        plan = Plan.of(self.dependant)
        if plan is None:
            return self._through(handle)
        self.answer = self._direct(plan)
        return self.answer

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, without the exit stacks that FastAPI opens for dependencies of which a plan has none."""
        if self.answer is None or scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        response = await self.answer(Request(scope, receive, send))
        await response(scope, receive, send)

    def _direct(self, plan: Plan) -> Handler:
        """For asynchronous endpoints: those that are called most."""
        status = self.status_code or HTTPStatus.OK

        async def answer(request: Request) -> Response:
            reply = await plan.run(request, await parsed_body(request))
            if isinstance(reply, Response):
                return reply
            return Response(reply.model_dump_json(), status_code=status, media_type="application/json")

        return answer

    def _through(self, handle: Handler) -> Handler:
        async def parse_and_handle(request: Request) -> Response:
            read = JsonRequest(request.scope, request.receive)
            read.document = await parsed_body(read)
            return await handle(read)

        return parse_and_handle


class JsonRequest(Request):
    """A request whose body has been parsed."""

    document: Any = None

    async def json(self) -> Any:
        """The parsed body."""
        return self.document


async def parsed_body(request: Request) -> Any:
    """The body of a request, ``None`` if it has none.

    Raises:
        HTTPException: 415, it is not declared to be JSON.
        InvalidInput: It is no JSON, nested too deeply, or holds a text that cannot be stored.
    """
    body = await request.body()
    if not body:
        return None
    if not is_json(request.headers.get("content-type", "")):
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as JSON, with 'Content-Type: application/json'."
        )
    return parse_json(body)


def is_json(content_type: str) -> bool:
    """Whether a Content-Type header names JSON."""
    if content_type == _JSON:  # what nearly all clients send, without the parser for mail
        return True
    headers = MimeHeaders()
    headers["content-type"] = content_type
    kind = headers.get_content_type()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def parse_json(body: bytes) -> Any:
    """Parse JSON; more than 200 levels, invalid UTF-8 and lone surrogates are refused by the parser.

    Raises:
        InvalidInput: What is wrong and where.
    """
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidInput(f"We could not parse the JSON body of your request: {error}.", code="invalid_json") from None
    _refuse_repeated_keys(body)
    if b"\\u0000" in body and (place := find_nul(document)) is not None:
        raise InvalidInput("Texts must not contain the character NUL (\\u0000); remove it.", param=place or None)
    return document


def _refuse_repeated_keys(body: bytes) -> None:
    """A key twice in one object: whoever wrote it meant two things, and the parser keeps the last without a word."""
    try:
        parsed(body)
    except RepeatedKey as error:
        raise InvalidInput(f"'{error.place}' {error}.", param=error.place, code="invalid_json") from None


def find_nul(value: Any, place: str = "") -> str | None:
    """The place of the first text (or key) with a NUL, which PostgreSQL cannot store; ``None`` if there is none."""
    if isinstance(value, str):
        return place if _NUL in value else None
    if isinstance(value, dict):
        for key, item in value.items():
            if _NUL in key:
                return place
            if (found := find_nul(item, f"{place}.{key}" if place else key)) is not None:
                return found
    if isinstance(value, list):
        for index, item in enumerate(value):
            if (found := find_nul(item, f"{place}[{index}]")) is not None:
                return found
    return None
