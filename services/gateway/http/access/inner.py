"""Requests that the gateway makes of itself, in the name of a caller: past the network, through everything else."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Scope

from services.gateway.http.access.keyring import Caller

#: No request from outside can set it: servers fill a scope with what is theirs.
_CALLER = "parley.caller"
_REQUEST_ID = b"x-request-id"


@dataclass(frozen=True, slots=True)
class InnerAnswer:
    """What came of it."""

    status: int
    request_id: str
    body: bytes


def inner_caller(scope: MutableMapping[str, Any]) -> Caller | None:
    """In whose name a request is made that came from inside; ``None`` for all others."""
    caller: Caller | None = scope.get(_CALLER)
    return caller


async def ask(app: ASGIApp, path: str, body: bytes, caller: Caller, *, idempotency_key: str) -> InnerAnswer:
    """POST a JSON body.

    Args:
        app: The whole application.
        path: Of the endpoint.
        body: JSON.
        caller: In whose name; his rate is not touched.
        idempotency_key: For the endpoints that know one: what was asked before is not done again.
    """
    asked = False
    answered: list[Message] = []

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()  # nobody leaves: who looks for that gives up by himself
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        answered.append(message)

    await app(_scope(path, body, caller, idempotency_key), receive, send)
    headers = dict(answered[0]["headers"])
    content = b"".join(message.get("body", b"") for message in answered[1:])
    return InnerAnswer(answered[0]["status"], headers.get(_REQUEST_ID, b"").decode("latin-1"), content)


def _scope(path: str, body: bytes, caller: Caller, idempotency_key: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"idempotency-key", idempotency_key.encode("ascii")),
        ],
        "client": None,
        "server": None,
        "state": {},
        _CALLER: caller,
    }
