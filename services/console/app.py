"""Composition root of the console."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Event, Thread

import uvicorn
from fastapi import FastAPI
from nicegui import ui

from services.console import api
from services.console.doors import Doors
from services.console.pages import register
from services.console.recent import RecentAnswers
from services.console.session import Sessions, signing_secret
from services.console.settings import ConsoleSettings
from services.console.visitors import Visitors
from services.console.web import Guard
from shared.errors import SettingsError, Unavailable
from shared.telemetry import logs
from shared.telemetry.health import Health

log = logs.get(__name__)

_START_SECONDS = 30.0
#: Seconds that a browser may be away before its page is forgotten and has to be loaded anew.
_RECONNECT_SECONDS = 30.0


@contextmanager
def running(settings: ConsoleSettings) -> Iterator[Health]:
    """Serve the pages from a thread of their own.

    Raises:
        SettingsError: The address is taken.
        Unavailable: The server did not start.
    """
    with serving(settings):
        yield Health({}, vital={})


@contextmanager
def serving(settings: ConsoleSettings) -> Iterator[str]:
    """The same; yields the address."""
    with _listening(settings) as listener:
        server = _Server(uvicorn.Config(build(settings), log_config=None, access_log=False, server_header=False))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="console")
        thread.start()
        try:
            if not server.answers.wait(_START_SECONDS):
                raise Unavailable("the console did not start; the log tells why")
            host, port = listener.getsockname()[:2]
            log.info("console listens", host=host, port=port)
            yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join()


def build(settings: ConsoleSettings) -> FastAPI:
    """The application. NiceGUI keeps its pages in the process: there is one console in each."""
    http, recent = api.client(settings.url), RecentAnswers()
    sessions = Sessions(signing_secret(settings.console_secret, settings.home), settings.console_hours * 3600)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with http:
            yield

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.include_router(Doors(sessions, http, recent).router)
    register(Visitors(sessions, http, recent))
    ui.run_with(
        app,
        title="Parley",
        favicon="💬",
        dark=None,
        reconnect_timeout=_RECONNECT_SECONDS,
        show_welcome_message=False,
        binding_refresh_interval=None,
        tailwind=False,
    )
    app.add_middleware(Guard, sessions=sessions)  # added last: outermost
    return app


class _Server(uvicorn.Server):
    """Uvicorn with signals left to the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.answers.set()


@contextmanager
def _listening(settings: ConsoleSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.console_host else socket.AF_INET
    try:
        listener = socket.create_server((settings.console_host, settings.console_port), family=family)
    except OSError as error:
        address = f"{settings.console_host}:{settings.console_port}"
        raise SettingsError(
            f"the console cannot listen on {address} ({error.strerror}); choose another PARLEY_CONSOLE_PORT, or 0 for none",
            param="console_port",
        ) from None
    with listener:
        yield listener
