from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from shared.endpoint import Endpoint
from shared.errors import SettingsError
from shared.telemetry.health import Health


class Switch:
    """A check that a test turns on and off."""

    def __init__(self) -> None:
        self.problem: str | None = None

    def __call__(self) -> str | None:
        return self.problem


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(0) as running:
        yield running


def get(endpoint: Endpoint, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{endpoint.port}{path}")


def test_a_service_that_starts_is_not_well_yet(endpoint: Endpoint) -> None:
    for path in ("/health", "/health/ready"):
        answer = get(endpoint, path)
        assert answer.status_code == 503
        assert "start" in answer.json()["problems"]


def test_what_somebody_has_to_bring_calls_for_no_restart(endpoint: Endpoint) -> None:
    model, consumer = Switch(), Switch()
    endpoint.watch(Health({"model": model}, vital={"consumer": consumer}))
    assert get(endpoint, "/health").json() == {"status": "ok", "problems": {}}
    assert get(endpoint, "/health/ready").json() == {"status": "ready", "problems": {}}
    model.problem = "no model"
    assert get(endpoint, "/health").status_code == 200
    assert get(endpoint, "/health/ready").status_code == 503
    assert get(endpoint, "/health/ready").json() == {"status": "not_ready", "problems": {"model": "no model"}}
    consumer.problem = "ended"
    assert get(endpoint, "/health").status_code == 503
    assert get(endpoint, "/health").json()["problems"] == {"consumer": "ended"}


def test_prometheus_can_read_it(endpoint: Endpoint) -> None:
    answer = get(endpoint, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "parley_messages_handled" in answer.text


def test_nothing_else_is_answered(endpoint: Endpoint) -> None:
    assert get(endpoint, "/secrets").status_code == 404
    assert httpx.post(f"http://127.0.0.1:{endpoint.port}/health").status_code == 501


def test_a_taken_port_is_one_clear_message(endpoint: Endpoint) -> None:
    with pytest.raises(SettingsError, match="PARLEY_HEALTH_PORT"):
        Endpoint(endpoint.port)
