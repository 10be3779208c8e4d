"""Who stands before a page that is being built."""

from __future__ import annotations

import httpx
from nicegui import ui

from services.console.api import Api
from services.console.recent import RecentAnswers
from services.console.session import Sessions
from services.console.visit import Visit, dark_of, language_of
from shared.errors import Unavailable


class Visitors:
    """Makes visits.

    Args:
        sessions: Who has signed in.
        http: The platform.
        recent: See ``Api``.
    """

    def __init__(self, sessions: Sessions, http: httpx.AsyncClient, recent: RecentAnswers) -> None:
        self._sessions = sessions
        self._http = http
        self._recent = recent

    def present(self) -> Visit:
        """Whoever the page is built for.

        Raises:
            Unavailable: Their cookie ran out between the guard and the page.
        """
        request = ui.context.client.request
        session = self._sessions.read(request.cookies)
        if session is None:
            raise Unavailable("Your sign-in has run out; load the page again.")
        language = language_of(request.cookies, request.headers.get("accept-language", ""))
        return Visit(session, Api(self._http, self._recent, session.key), language, dark_of(request.cookies))
