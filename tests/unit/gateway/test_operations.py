"""The process as operators meet it: probes, metrics, documentation, shutdown."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from structlog.testing import capture_logs

from services.gateway.http.errors import status_of
from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from shared.contracts.chat.turns import TurnReceived, TurnUnderstood
from shared.errors import NoModel, ParleyError, SettingsError
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import one_by_one
from shared.messaging.topology import Queues
from tests.unit.gateway.echo import answer, understand
from tests.unit.gateway.platform import Platform, asked, running_platform


def test_live_and_ready(platform: Platform) -> None:
    assert httpx.get(f"{platform.url}/health").json() == {"status": "ok"}
    assert httpx.get(f"{platform.url}/health/ready").json() == {"status": "ready", "problems": {}}


def test_not_ready_says_why_and_becomes_ready(tmp_path: Path) -> None:
    promoted = threading.Event()

    def on_turn(turn: TurnReceived) -> TurnUnderstood:
        if not promoted.is_set():
            raise NoModel("No model has been promoted yet; promote one.")
        return TurnUnderstood(turn=turn, understanding=understand(turn.text))

    with running_platform(tmp_path, services=False) as platform, platform.bus.publisher() as publisher:
        handlers: Any = {TurnReceived: one_by_one(on_turn)}
        with (
            Consumer(platform.bus, Queues.NLU, handlers, publisher=publisher),
            Consumer(platform.bus, Queues.GENERATION, {TurnUnderstood: one_by_one(answer)}, publisher=publisher),
        ):
            waiting = httpx.get(f"{platform.url}/health/ready")
            assert waiting.status_code == 503
            assert waiting.json()["problems"] == {"no_model": "No model has been promoted yet; promote one."}
            promoted.set()
            deadline = time.monotonic() + 10
            while httpx.get(f"{platform.url}/health/ready").status_code != 200:
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_nobody_answering_is_504_within_the_time_limit(tmp_path: Path) -> None:
    with running_platform(tmp_path, services=False, request_timeout_seconds=0.5) as platform, platform.http() as http:
        began = time.monotonic()
        late = http.post("/v1/chat/completions", json={"model": "parley", "messages": asked("hello")})
        assert late.status_code == 504
        assert late.json()["error"]["code"] == "deadline_exceeded"
        assert time.monotonic() - began < 5


def test_too_many_waiting_is_429_with_retry_after(tmp_path: Path) -> None:
    with running_platform(tmp_path, services=False, request_timeout_seconds=3.0, pending_limit=2) as platform:
        statuses: list[int] = []

        def ask() -> None:
            with platform.http() as http:
                reply = http.post("/v1/chat/completions", json={"model": "parley", "messages": asked("hello")})
            statuses.append(reply.status_code)
            assert reply.headers["retry-after"]

        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [429, 429, 429, 504, 504]


def test_the_request_id_is_the_clients_if_it_is_sane(http: httpx.Client) -> None:
    assert http.get("/health", headers={"X-Request-Id": "trace-1.a:b"}).headers["x-request-id"] == "trace-1.a:b"
    for odd in ("a b", "x" * 200, "<script>", "ä".encode().decode("latin-1")):
        made = http.get("/health", headers={b"X-Request-Id": odd.encode("latin-1")}).headers["x-request-id"]
        assert len(made) == 32


def test_metrics_name_routes_not_addresses(http: httpx.Client, platform: Platform) -> None:
    http.get("/v1/files/file-secret-name")
    figures = httpx.get(f"{platform.url}/metrics").text
    assert 'parley_http_requests_total{method="GET",route="/v1/files/{file_id}",status="404"}' in figures
    assert "secret-name" not in figures


def test_the_api_page_needs_nothing_from_elsewhere(platform: Platform) -> None:
    page = httpx.get(f"{platform.url}/docs").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) >= 3  # script, style, icon
    for address in addresses:
        assert address.startswith("/"), f"{address} lies with strangers"
        assert httpx.get(platform.url + address).status_code == 200, address


def test_every_route_documents_its_reply_and_its_errors(platform: Platform) -> None:
    document = httpx.get(f"{platform.url}/openapi.json", timeout=120).json()
    assert httpx.get(f"{platform.url}/docs").status_code == 200
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            responses = operation["responses"]
            assert operation["description"], (method, path)
            assert responses["200"]["content"], (method, path)
            assert "422" not in responses
            schema = responses["200"]["content"].get("application/json", {}).get("schema")
            assert schema != {}, (method, path)
            if path.startswith("/v1/"):
                for status in ("400", "401", "403", "404", "409", "429", "503", "504", "default"):
                    error = responses[status]["content"]["application/json"]["schema"]["$ref"]
                    assert error.endswith("/ErrorBody")


def test_a_bug_inside_is_a_500_that_tells_nothing_but_the_request_id(tmp_path: Path) -> None:
    with running_platform(tmp_path, services=False) as platform, platform.http() as http:
        file_id = http.post("/v1/files", data={"purpose": "evals"}, files={"file": ("a", b"x")}).json()["id"]
        with platform.database.transaction() as session:
            session.connection().execute(text("UPDATE files SET report = 'no json'"))
        with capture_logs() as lines:
            broken = http.get(f"/v1/files/{file_id}", headers={"X-Request-Id": "find-me"})
    assert broken.status_code == 500
    assert broken.headers["x-request-id"] == "find-me"
    error = broken.json()["error"]
    assert (error["type"], error["code"]) == ("server_error", "internal_error")
    assert "json" not in error["message"].lower()
    assert [line["log_level"] for line in lines if line["event"] == "request failed"] == ["error"]


def test_an_address_of_ipv6_makes_a_url_that_works(tmp_path: Path) -> None:
    settings = GatewaySettings(home=tmp_path, host="::1", port=0, api_key=SecretStr("key"))
    try:
        with serving(settings) as url:
            assert httpx.get(f"{url}/health").status_code == 200
    except SettingsError:
        pytest.skip("this machine has no IPv6")


def test_a_taken_port_is_one_clear_message(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = GatewaySettings(home=tmp_path, port=port, broker_url="memory://taken", api_key=SecretStr("k"))
        with pytest.raises(SettingsError, match=f"127.0.0.1:{port}"), serving(settings):
            pass


def test_stopping_answers_what_is_under_way_and_ends_event_streams(tmp_path: Path) -> None:
    began, watching, statuses = threading.Event(), threading.Event(), list[int]()

    def slowly(turn: TurnReceived) -> TurnUnderstood:
        began.set()
        time.sleep(1.0)
        return TurnUnderstood(turn=turn, understanding=understand(turn.text))

    def ask(platform: Platform) -> None:
        with platform.http() as http:
            reply = http.post("/v1/chat/completions", json={"model": "parley", "messages": asked("hello")})
            statuses.append(reply.status_code)

    def watch(platform: Platform) -> None:
        with platform.http() as http, http.stream("GET", "/v1/alerts/stream") as response:
            statuses.append(response.status_code)
            watching.set()
            assert list(response.iter_lines())

    with running_platform(tmp_path, services=False) as platform, platform.bus.publisher() as publisher:
        consumers = (
            Consumer(platform.bus, Queues.NLU, {TurnReceived: one_by_one(slowly)}, publisher=publisher),
            Consumer(platform.bus, Queues.GENERATION, {TurnUnderstood: one_by_one(answer)}, publisher=publisher),
        )
        for consumer in consumers:
            threading.Thread(target=consumer.run, daemon=True).start()
        threads = [threading.Thread(target=job, args=(platform,)) for job in (ask, watch)]
        for thread in threads:
            thread.start()
        assert began.wait(10)
        assert watching.wait(10)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    for consumer in consumers:
        consumer.stop()
    assert statuses == [200, 200]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_prints_its_key_once_and_ends_with_0(tmp_path: Path, number: signal.Signals) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    environment |= {"PARLEY_HOME": str(tmp_path), "PARLEY_PORT": "0", "PARLEY_BROKER_URL": "memory://"}
    process = subprocess.Popen(
        [sys.executable, "-m", "services.gateway"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert next(line for line in process.stderr if "listening" in line)
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert out.count("parley-") == 1


def test_a_wrong_setting_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    environment = os.environ | {"PARLEY_HOME": str(tmp_path), "PARLEY_PORT": "ninety"}
    done = subprocess.run(
        [sys.executable, "-m", "services.gateway"], env=environment, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "PARLEY_PORT='ninety'" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_all_our_errors_have_a_status() -> None:
    def classes(kind: type[ParleyError]) -> list[type[ParleyError]]:
        return [kind, *(below for child in kind.__subclasses__() for below in classes(child))]

    retried_by_the_client = {408, 409, 429, 500, 503, 504}
    for kind in classes(ParleyError):
        error = kind.__new__(kind)
        status = status_of(error)
        if kind.retryable:
            assert status in retried_by_the_client, kind
        else:
            assert status not in retried_by_the_client - {500}, kind
