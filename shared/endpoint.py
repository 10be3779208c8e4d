"""The HTTP of a service that has no other: does it work, what does it lack, what does it count. For operators' tools only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from shared.background import Background
from shared.errors import SettingsError
from shared.telemetry import metrics
from shared.telemetry.health import Health, Report

#: Seconds that a client may take to send its request or to read the answer.
_PATIENCE = 5.0

_STARTING = Report(ready=False, problems={"start": "the service has not started yet"})


class Endpoint(Background):
    """Answers while the context is open, from threads of its own.

    ``/health``: 200 while the process works, 503 while it starts and when only a restart would help.
    ``/health/ready``: 200 when it also has all it needs, such as a model; else 503.
    ``/metrics``: its figures in Prometheus' text format.

    Args:
        port: Where, on every interface; ``0`` takes any free port.

    Raises:
        SettingsError: The port is taken.
    """

    def __init__(self, port: int) -> None:
        try:
            self._server = _Server(port)
        except OSError as error:
            raise SettingsError(
                f"cannot listen on port {port} ({error.strerror}); choose another PARLEY_HEALTH_PORT"
            ) from None
        super().__init__("health-endpoint")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def watch(self, health: Health) -> None:
        """The service has started; from now on ask these checks."""
        self._server.health = health

    def _run(self) -> None:
        with self._server:
            self._server.serve_forever()

    def _stop(self) -> None:
        self._server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.health: Health | None = None
        super().__init__(("", port), _Handler)

    def works(self) -> Report:
        return self.health.vital() if self.health else _STARTING

    def ready(self) -> Report:
        return self.health.report() if self.health else _STARTING


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE
    server: _Server

    def do_GET(self) -> None:
        """Answer one of the three paths."""
        if self.path == "/metrics":
            self._answer(HTTPStatus.OK, *metrics.exposition())
        elif self.path == "/health":
            self._tell(self.server.works(), "ok")
        elif self.path == "/health/ready":
            self._tell(self.server.ready(), "ready")
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
        """Say nothing: probes come every few seconds."""

    def _tell(self, report: Report, word: str) -> None:
        status = HTTPStatus.OK if report.ready else HTTPStatus.SERVICE_UNAVAILABLE
        body: Mapping[str, object] = {"status": word if report.ready else f"not_{word}", "problems": report.problems}
        self._answer(status, json.dumps(body).encode(), "application/json")

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
