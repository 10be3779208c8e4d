"""Notes acts before they are done, so that none is without an entry; one that fails is noted again as failed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.http.access.keyring import Caller
from services.gateway.http.acts import ACTS
from services.gateway.state import AppState
from shared.storage import audit
from shared.storage.database.identity import new_id
from shared.storage.tables.audit import AuditEntry
from shared.telemetry.correlation import correlation_id

_NOTED = "parley.act"
#: Characters of an id that is kept.
_LONGEST = 256


async def note(request: Request, state: AppState, caller: Caller) -> None:
    """Note what an admitted caller is about to do, if it is an act.

    Raises:
        Unavailable: It cannot be noted; then it is not done.
    """
    route = getattr(request.scope.get("route"), "path", "")
    act = ACTS.get((request.method, route))
    if act is None or (act.of_customers and not caller.may("train")):
        return
    named = request.path_params.get(act.param) if act.param is not None else None
    entry = AuditEntry(
        id=new_id("audit_"),
        at=state.clock(),
        actor=caller.key_id,
        action=act.action,
        object=act.object,
        object_id=str(named)[:_LONGEST] if named is not None else None,
        request=f"{request.method} {route}",
        request_id=correlation_id() or "",
    )
    request.scope[_NOTED] = entry
    await run_in_threadpool(_add, state, entry.model_copy())


def _add(state: AppState, entry: AuditEntry) -> None:
    with state.database.transaction() as session:
        audit.add(session, entry)


class FailedActs:
    """ASGI middleware: an act whose request is refused or fails is noted as failed, before the caller is told.

    Args:
        app: The application inside.
        state: Where it is noted.
    """

    def __init__(self, app: ASGIApp, *, state: AppState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a send that looks at the status."""

        async def noting(message: Message) -> None:
            entry: AuditEntry | None = scope.get(_NOTED)
            status = message["status"] if message["type"] == "http.response.start" else 0
            if entry is not None and status >= HTTPStatus.BAD_REQUEST:
                await run_in_threadpool(_add, self._state, _failed(entry, status, self._state.clock()))
            await send(message)

        await self._app(scope, receive, noting if scope["type"] == "http" else send)


def _failed(entry: AuditEntry, status: int, now: float) -> AuditEntry:
    detail: dict[str, Any] = {"of": entry.id, "action": entry.action, "status": status}
    update = {"id": new_id("audit_"), "at": now, "action": "failed", "detail": detail}
    return AuditEntry.model_validate(entry.model_dump() | update)
