"""Commands that are under way while the platform is away: they wait, and say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli import patience
from services.cli.__main__ import build
from services.cli.api import CommandError
from services.cli.patience import outlast
from tests.http_server import served

AWAY = {"error": {"message": "the message broker is away", "type": "server_error", "param": None, "code": "x"}}
LOST = object()
"""A connection that ends without an answer."""
JOB = {"id": "ftjob-1", "status": "succeeded", "fine_tuned_model": "ft:minilm:parley::1"}
EVENTS = {"data": [{"id": "ftevent-1", "type": "message", "level": "info", "message": "[done]"}], "has_more": False}


@contextmanager
def answering(
    *answers: tuple[int, Any], keys: list[str | None] | None = None, bodies: list[bytes] | None = None
) -> Iterator[str]:
    """A platform that gives these answers, one after the other, and then the last one for ever. Text is a stream's."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = left.pop(0) if len(left) > 1 else left[0]
            if body is LOST:
                return
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if bodies is not None:
                bodies.append(body)
            if keys is not None:
                keys.append(self.headers["Idempotency-Key"])
            self.do_GET()

    with served(Handler) as url:
        yield url


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_PAUSE", 0.01)


def test_a_job_is_followed_through_a_restart_of_the_gateway() -> None:
    with answering(
        (503, AWAY), (200, LOST), (502, "a proxy"), (200, JOB), (504, AWAY), (200, JOB), (200, EVENTS)
    ) as url:
        shown = CliRunner().invoke(build(), ["jobs", "follow", "ftjob-1", "--url", url])
    assert shown.exit_code == 0, shown.output
    assert shown.output.count("the message broker is away. Trying again for 5 minutes.") == 1
    assert "[done]" in shown.output
    assert "ft:minilm:parley::1 is ready" in shown.output


def test_a_job_that_is_refused_is_not_waited_for() -> None:
    refusal = {
        "error": {"message": "No job 'ftjob-[/1]'.", "type": "invalid_request_error", "param": "id", "code": "x"}
    }
    with answering((404, refusal)) as url:
        shown = CliRunner().invoke(build(), ["jobs", "follow", "ftjob-[/1]", "--url", url])
    assert shown.exit_code == 4
    assert "No job 'ftjob-[/1]'." in shown.output
    assert "goes on" not in shown.output


def test_patience_ends() -> None:
    told: list[str] = []

    def ask() -> None:
        raise CommandError("No answer.", transient=True)

    with pytest.raises(CommandError, match="No answer"):
        outlast(ask, told.append, patience=0.05)
    assert told == ["No answer. Trying again for 0 minutes."]


def test_watching_goes_on_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    point = {"intent": "refund", "negative": 3, "neutral": 0, "positive": 0}
    trends, alerts = {"data": [point]}, dict[str, Any](data=[])
    refusal = {"error": {"message": "Incorrect API key.", "type": "x", "param": None, "code": "x"}}
    monkeypatch.setattr("services.cli.watching.INTERVAL", 0.01)
    with answering((503, AWAY), (200, LOST), (200, trends), (200, alerts), (401, refusal)) as url:
        shown = CliRunner().invoke(build(), ["watch", "--url", url])
    assert shown.exit_code == 4
    assert "Trying again" in shown.output
    assert "refund" in shown.output
    assert "Incorrect API key" in shown.output


def test_what_is_said_again_after_a_lost_answer_is_not_said_twice() -> None:
    keys: list[str | None] = []
    words = 'data: {"choices": [{"delta": {"content": "Hello."}}]}\n\n'
    broken = 'data: {"error": {"message": "the message broker is away"}}\n\n'
    with answering((200, {"id": "conv-1"}), (200, broken), (200, LOST), (200, words), keys=keys) as url:
        shown = CliRunner().invoke(build(), ["chat", "--url", url], input="hi\nhi\nhi\nhi\nbye\n")
    assert shown.exit_code == 0, shown.output
    assert shown.output.count("Say it again") == 2
    said = keys[1:]
    assert said[0] == said[1] == said[2], "until it is answered it is one message"
    assert len({*said[2:]}) == 3, "and then each is another"
