"""Serves the application over HTTP until it is told to stop; what is under way is answered first."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
from typing import cast

import uvicorn
from fastapi import FastAPI

from services.gateway.app import running
from services.gateway.http.connection import Connection, SocketConnection
from services.gateway.settings import GatewaySettings
from services.gateway.state import AppState
from shared.errors import SettingsError, Unavailable
from shared.telemetry import logs

log = logs.get(__name__)

#: Connections that wait to be accepted.
BACKLOG = 2048
#: Seconds that an idle connection is kept for its client's next request.
KEEP_ALIVE_SECONDS = 75
#: Seconds between two looks whether a server that has not started yet is still trying.
START_CHECK_SECONDS = 0.2


class Server(uvicorn.Server):
    """Uvicorn, with event streams ended before it waits for its connections, and signals left to the process."""

    def __init__(self, config: uvicorn.Config, gateway: AppState) -> None:
        super().__init__(config)
        self._gateway = gateway
        self.answers = Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none: Uvicorn would raise them again after its own shutdown, and nothing else would be closed."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.answers.set()

    def stop(self) -> None:
        """Take no new connection, answer what is under way, then end; from any thread."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the event streams, which would last for ever, and shut down."""
        self._gateway.events.close()
        self._gateway.conversation_events.close()
        self._gateway.sockets.close()
        await super().shutdown(sockets)


@contextmanager
def serving(settings: GatewaySettings) -> Iterator[str]:
    """Run a gateway in threads of its own; yields its URL once it answers.

    Raises:
        SettingsError: The address is taken, or a URL is wrong.
        Unavailable: The database cannot be reached, or the server did not start.
    """
    with running(settings) as app, _listening(settings) as listener:
        server = build_server(app, settings)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="http-server")
        thread.start()
        try:
            while not server.answers.wait(START_CHECK_SECONDS):
                if not thread.is_alive():
                    raise Unavailable("the HTTP server did not start; the log tells why")
            host, port = listener.getsockname()[:2]
            log.info("listening", host=host, port=port)
            yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        finally:
            server.stop()
            thread.join()


def build_server(app: FastAPI, settings: GatewaySettings) -> Server:
    """A server for the application; the fast loop and parser, no access log (``tracing`` writes one)."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=cast("type[asyncio.Protocol]", partial(Connection, patience=settings.slow_client_seconds)),
        ws=cast("type[asyncio.Protocol]", partial(SocketConnection, patience=settings.slow_client_seconds)),
        ws_max_size=settings.json_limit_bytes,
        ws_per_message_deflate=False,  # its windows would be most of what a conversation holds in memory
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    return Server(config, app.state.gateway)


@contextmanager
def _listening(settings: GatewaySettings) -> Iterator[socket.socket]:
    """The listening socket; taken before anything is served, so that a taken port is one clear message."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server(
            (settings.host, settings.port), family=family, backlog=BACKLOG, reuse_port=settings.share_port
        )
    except ValueError:
        raise SettingsError("this system cannot share a port; unset PARLEY_SHARE_PORT", param="share_port") from None
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); choose another PARLEY_PORT",
            param="port",
        ) from None
    with listener:
        yield listener
