"""Visitors of pages: who they are, by a token in place of a key."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from fastapi.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from services.gateway.http.access.keyring import MEMORY_SECONDS, Caller
from services.gateway.http.access.visitor_tokens import Claims, Use, is_signed, read
from shared.errors import NotAllowed, NotAuthenticated
from shared.storage.chat import widgets
from shared.storage.database.engine import Database
from shared.storage.tables.widgets import Widget

#: Widgets remembered at once, those that do not exist among them.
_CAPACITY = 1_000


class Visitors:
    """Judges tokens; a widget that was changed by another process is known as it is within seconds.

    Args:
        database: Where widgets are.
        clock: Seconds of a monotonic clock.
        now: Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float], now: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._now = now
        self._known: dict[str, tuple[Widget | None, float]] = {}
        self._lock = Lock()

    async def caller(self, token: str, connection: HTTPConnection) -> Caller:
        """Who holds a token, on a page of the origin that it was made for.

        Raises:
            NotAuthenticated: It is none of ours, or over.
            NotAllowed: It was made for another origin.
        """
        claims, widget = await self.judged(token, connection, "speak")
        return Caller(
            widget.key_id,
            "visitor",
            widget.requests_per_minute,
            conversation_id=claims.conversation,
            expires_at=claims.expires_at,
        )

    async def judged(self, token: str, connection: HTTPConnection, use: Use) -> tuple[Claims, Widget]:
        """What a token says, and which widget let its holder in; raises as ``caller``."""
        claims = read(token)
        widget = await self.widget(claims.widget) if claims is not None else None
        if claims is None or widget is None or not is_signed(token, widget.secret) or claims.use != use:
            raise NotAuthenticated("This token is none of ours; open the conversation anew.", code="invalid_token")
        if claims.expires_at <= self._now():
            raise NotAuthenticated("This token has expired; ask for another one.", code="token_expired")
        if not comes_from(connection, claims.origin):
            raise NotAllowed(
                f"This token was made for pages of {claims.origin}, and for no other.", code="wrong_origin"
            )
        return claims, widget

    async def widget(self, widget_id: str) -> Widget | None:
        """The widget as it was within the last seconds, if there is one."""
        known, until = self._known.get(widget_id, (None, 0.0))
        return known if self._clock() < until else await run_in_threadpool(self._look_up, widget_id)

    def forget(self) -> None:
        """Look every widget up again; called when one was changed."""
        with self._lock:
            self._known.clear()

    def _look_up(self, widget_id: str) -> Widget | None:
        with self._database.reading() as session:
            found = widgets.find(session, widget_id) if "\0" not in widget_id else None
        with self._lock:
            if len(self._known) >= _CAPACITY:
                self._known.clear()
            self._known[widget_id] = (found, self._clock() + MEMORY_SECONDS)
        return found


def comes_from(connection: HTTPConnection, origin: str) -> bool:
    """Whether a page of this origin asks. Where page and API share an origin, browsers leave the header out of reads."""
    told = connection.headers.get("origin")
    return told == origin if told is not None else connection.headers.get("sec-fetch-site") == "same-origin"
