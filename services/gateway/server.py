"""Serves the application over HTTP until it is told to stop; what is under way is answered first."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from fastapi import FastAPI

from services.gateway.app import running
from services.gateway.gateway import Gateway
from services.gateway.settings import GatewaySettings
from shared.errors import SettingsError
from shared.telemetry import logs

log = logs.get(__name__)

#: Connections that wait to be accepted.
BACKLOG = 2048
#: Seconds that an idle connection is kept for its client's next request.
KEEP_ALIVE_SECONDS = 75


class Server(uvicorn.Server):
    """Uvicorn, with event streams ended before it waits for its connections, and signals left to the caller."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none: Uvicorn would raise them again after its own shutdown, and nothing else would be closed."""
        yield

    def stop(self) -> None:
        """Take no new connection, answer what is under way, then end; from any thread or signal handler."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the event streams, which would last for ever, and shut down."""
        self._gateway.events.close()
        await super().shutdown(sockets)


def run(settings: GatewaySettings) -> None:
    """Serve in this (the main) thread until SIGINT or SIGTERM.

    Raises:
        SettingsError: The address is taken.
    """
    with running(settings) as app, _listening(settings) as listener:
        server = build_server(app, settings)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: server.stop())
        log.info("listening", host=settings.host, port=listener.getsockname()[1])
        server.run(sockets=[listener])


@contextmanager
def serving(settings: GatewaySettings) -> Iterator[str]:
    """Serve in a thread of its own; yields the URL once it answers.

    Raises:
        SettingsError: The address is taken.
    """
    with running(settings) as app, _listening(settings) as listener:
        server = build_server(app, settings)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="http-server")
        thread.start()
        try:
            host, port = listener.getsockname()[:2]
            log.info("listening", host=host, port=port)
            yield f"http://{host}:{port}"
        finally:
            server.stop()
            thread.join()


def build_server(app: FastAPI, settings: GatewaySettings) -> Server:
    """A server for the application; the fast loop and parser, no access log (``tracing`` writes one)."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
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
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); choose another PARLEY_PORT",
            param="port",
        ) from None
    with listener:
        yield listener
