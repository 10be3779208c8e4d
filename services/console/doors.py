"""In and out: the form, the cookie, and what somebody prefers."""

from __future__ import annotations

from typing import Annotated, Literal

import httpx
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.console.api import Api, ApiError
from services.console.forms import sign_in_form
from services.console.recent import RecentAnswers
from services.console.session import COOKIE, Session, Sessions
from services.console.visit import DARK_COOKIE, LANGUAGE_COOKIE, Language, language_of, say
from services.console.web import own_address

_YEAR = 365 * 86_400
#: Characters of a key; ours have 46.
_LONGEST_KEY = 512


class Doors:
    """The routes that are no pages of NiceGUI's.

    Args:
        sessions: Writes the cookie.
        http: The platform.
        recent: See ``Api``.
    """

    def __init__(self, sessions: Sessions, http: httpx.AsyncClient, recent: RecentAnswers) -> None:
        self._sessions = sessions
        self._http = http
        self._recent = recent
        self.router = APIRouter(include_in_schema=False)
        self.router.add_api_route("/sign-in", self.form, methods=["GET"])
        self.router.add_api_route("/sign-in", self.sign_in, methods=["POST"])
        self.router.add_api_route("/sign-out", self.sign_out, methods=["GET"])
        self.router.add_api_route("/preferences", self.prefer, methods=["GET"])
        self.router.add_api_route("/health", self.health, methods=["GET"])

    async def form(self, request: Request, next: str = "/") -> HTMLResponse:  # noqa: A002  # its name in the address
        """The form."""
        return HTMLResponse(sign_in_form(_language(request), own_address(next)))

    async def sign_in(
        self,
        request: Request,
        key: Annotated[str, Form()],
        next: Annotated[str, Form()] = "/",  # noqa: A002
    ) -> Response:
        """Let the holder of a key in."""
        key, target, language = key.strip()[:_LONGEST_KEY], own_address(next), _language(request)
        if not (key.isascii() and key.isprintable() and key):
            return HTMLResponse(sign_in_form(language, target, say("This is no API key.", language)), 400)
        try:
            role, name = await Api(self._http, self._recent, key).role()
        except ApiError as error:
            return HTMLResponse(sign_in_form(language, target, str(error)), 401 if error.status else 503)
        response = RedirectResponse(target, 303)
        response.set_cookie(
            COOKIE,
            self._sessions.write(Session(key, role, name)),
            max_age=self._sessions.seconds,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    async def sign_out(self) -> Response:
        """Forget who it was."""
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return response

    async def prefer(
        self,
        language: Language | None = None,
        dark: Literal["on", "off"] | None = None,
        next: str = "/",  # noqa: A002
    ) -> Response:
        """Keep a choice, and go back."""
        response = RedirectResponse(own_address(next), 303)
        for name, value in ((LANGUAGE_COOKIE, language), (DARK_COOKIE, dark)):
            if value is not None:
                response.set_cookie(name, value, max_age=_YEAR, httponly=True, samesite="lax")
        return response

    async def health(self) -> dict[str, str]:
        """Whether the console itself answers."""
        return {"status": "ok"}


def _language(request: Request) -> Language:
    return language_of(request.cookies, request.headers.get("accept-language", ""))
