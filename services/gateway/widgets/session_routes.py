"""What pages ask without a key: the script, and a session for a visitor."""

from __future__ import annotations

import hashlib
import time
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.gateway.chat.lookup import new_conversation
from services.gateway.http.access.keyring import Caller
from services.gateway.http.access.visitor_tokens import Claims, signed
from services.gateway.http.router import resource
from services.gateway.state import AppState, State
from services.gateway.widgets.routes import WidgetId
from services.gateway.widgets.schemas import Appearance, OpenSession, SessionObject
from services.gateway.widgets.script import small
from shared.errors import NotAllowed, NotFound, ParleyError, TooManyRequests
from shared.storage.chat import conversations
from shared.storage.database.engine import Session
from shared.storage.tables.widgets import Widget

router = resource("Widgets")
page = APIRouter(tags=["Widgets"])

#: Seconds for which a token opens its conversation.
TOKEN_SECONDS = 900
#: Sessions that one address may open in a minute.
PER_ADDRESS = 30

_CACHE_SECONDS = 300


@page.get(
    "/widget.js",
    response_class=Response,
    responses={200: {"content": {"text/javascript": {}}}, 304: {"description": "It is the one that you have."}},
)
async def script(request: Request) -> Response:
    """The web widget, for one script tag: `<script src=".../widget.js" data-widget="ID" async></script>`."""
    content, tag = _script()
    headers = {
        "Cache-Control": f"public, max-age={_CACHE_SECONDS}",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="text/javascript; charset=utf-8")


@router.post("/widgets/{widget_id}/sessions")
async def open_session(
    widget_id: WidgetId, request: Request, state: State, body: OpenSession | None = None
) -> SessionObject:
    """Open a conversation from a page, without a key: by the `Origin` that the browser tells, which must be a declared one.

    With `resume` of an earlier session the same conversation goes on, unless it has ended.
    """
    widget = await state.visitors.widget(widget_id)
    if widget is None:
        raise NotFound(
            f"No widget {widget_id!r}; an admin declares it: PUT /v1/widgets/{widget_id}.", param="widget_id"
        )
    origin = request.headers.get("origin", "")
    if origin not in widget.origins:
        raise NotAllowed(
            f"Pages of {origin or 'no origin'} may not have the widget {widget_id!r}; an admin declares which may: "
            f"PUT /v1/widgets/{widget_id}.",
            code="origin_not_declared",
        )
    _within_rate(state, widget, request)
    known = await _conversation_before(state, widget, request, body.resume if body else None)
    conversation_id = await run_in_threadpool(_begun, state, widget, origin, known)
    return _session(widget, conversation_id, origin, int(state.clock()))


def _within_rate(state: AppState, widget: Widget, request: Request) -> None:
    address = request.client.host if request.client else ""
    if state.settings.behind_proxy:
        address = request.headers.get("x-forwarded-for", address).rpartition(",")[2].strip()
    for bucket, limit in ((address, PER_ADDRESS), ("", widget.sessions_per_minute)):
        allowance = state.limiter.take(f"widget/{widget.id}/{bucket}", limit, time.monotonic())
        if not allowance.allowed:
            raise TooManyRequests(
                f"More than {limit} conversations were opened within a minute; try again later.",
                retry_after=allowance.retry_seconds,
            )


async def _conversation_before(state: AppState, widget: Widget, request: Request, resume: str | None) -> str | None:
    """The conversation of an earlier session; one that cannot be resumed is begun anew without a word."""
    if not resume:
        return None
    try:
        claims, known = await state.visitors.judged(resume, request, "resume")
    except ParleyError:
        return None
    return claims.conversation if known.id == widget.id else None


def _begun(state: AppState, widget: Widget, origin: str, known: str | None) -> str:
    """The id of the conversation, which exists and is open."""
    with state.database.transaction() as session:
        if known is not None and _is_open(session, known):
            return known
        owner = Caller(widget.key_id, "chat", None)
        told = {"channel": "widget", "widget": widget.id, "origin": origin}
        conversation = new_conversation(owner, state.clock(), metadata=told)
        conversations.add(session, conversation)
    return conversation.id


def _is_open(session: Session, conversation_id: str) -> bool:
    try:
        return conversations.get(session, conversation_id).status != "ended"
    except NotFound:  # its words were deleted
        return False


def _session(widget: Widget, conversation_id: str, origin: str, now: int) -> SessionObject:
    until = now + TOKEN_SECONDS
    resumed_until = now + 3600 * widget.resume_hours
    return SessionObject(
        token=signed(Claims(widget.id, conversation_id, origin, until, "speak"), widget.secret),
        expires_at=until,
        resume=signed(Claims(widget.id, conversation_id, origin, resumed_until, "resume"), widget.secret),
        conversation_id=conversation_id,
        widget=Appearance(**{name: getattr(widget, name) for name in Appearance.model_fields}),
    )


@cache
def _script() -> tuple[bytes, str]:
    source = resources.files("services.gateway.widgets").joinpath("widget.js").read_text("utf-8")
    content = small(source).encode()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
