"""Two gateway processes' worth of gateway beside each other, on RabbitMQ and PostgreSQL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from shared.contracts.monitoring.sentiment import AlertRaised, SentimentObserved
from shared.messaging.bus import Bus
from shared.messaging.connect import connect
from shared.messaging.envelope import envelope
from shared.messaging.topology import Queues
from tests.integration.places import place
from tests.integration.proxy import proxied
from tests.unit.gateway.echo import echoing
from tests.unit.gateway.platform import asked
from tests.waiting import wait_for

KEY = "admin-key-of-the-replicas"
Replicas = tuple[httpx.Client, httpx.Client]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Replicas, Bus]]:
    with ExitStack() as stack:
        where = stack.enter_context(place("stack", Path(tmp_path_factory.mktemp("replicas"))))
        chosen: dict[str, Any] = where.settings() | {"port": 0, "api_key": KEY}
        bus = stack.enter_context(connect(where.broker_url, prefix=where.broker_prefix))
        stack.enter_context(echoing(bus))
        urls = [stack.enter_context(serving(GatewaySettings(**chosen))) for _ in range(2)]
        headers = {"Authorization": f"Bearer {KEY}"}
        one, other = (stack.enter_context(httpx.Client(base_url=url, headers=headers, timeout=30)) for url in urls)
        yield (one, other), bus


@pytest.fixture
def replicas(started: tuple[Replicas, Bus]) -> Replicas:
    return started[0]


@pytest.fixture
def bus(started: tuple[Replicas, Bus]) -> Bus:
    return started[1]


def test_not_ready_while_the_database_is_away(tmp_path: Path) -> None:
    with place("stack", tmp_path) as where, proxied(where.database_url) as network, ExitStack() as stack:
        bus = stack.enter_context(connect(where.broker_url, prefix=where.broker_prefix))
        stack.enter_context(echoing(bus))
        chosen: dict[str, Any] = where.settings() | {"database_url": network.url, "port": 0, "api_key": KEY}
        http = stack.enter_context(
            httpx.Client(base_url=stack.enter_context(serving(GatewaySettings(**chosen))), timeout=30)
        )
        assert http.get("/health/ready").status_code == 200
        network.deafen()
        wait_for(lambda: http.get("/health/ready").status_code == 503, 10.0)
        assert "cannot be reached" in http.get("/health/ready").json()["problems"]["database"]
        network.listen()
        wait_for(lambda: http.get("/health/ready").status_code == 200, 10.0)


def begin(http: httpx.Client) -> str:
    return str(http.post("/v1/conversations").raise_for_status().json()["id"])


def say(http: httpx.Client, conversation_id: str, text: str, **headers: str) -> httpx.Response:
    return http.post(f"/v1/conversations/{conversation_id}/messages", json={"content": text}, headers=headers)


def test_a_conversation_goes_on_wherever_it_is_sent(replicas: Replicas) -> None:
    conversation_id = begin(replicas[0])
    for number in range(6):
        reply = say(replicas[number % 2], conversation_id, f"message {number}").raise_for_status().json()
        assert f"({number} before, {number} counted)" in reply["content"]


def test_history_alone_finds_a_conversation_that_the_other_replica_stored(replicas: Replicas) -> None:
    first = {"model": "parley", "messages": asked("first words of eta")}
    begun = replicas[0].post("/v1/chat/completions", json=first).raise_for_status().json()
    said = [*first["messages"], begun["choices"][0]["message"], {"role": "user", "content": "more"}]
    more = replicas[1].post("/v1/chat/completions", json=first | {"messages": said}).raise_for_status().json()
    assert more["parley"]["conversation_id"] == begun["parley"]["conversation_id"]


def test_turns_sent_to_both_at_once_take_their_places_one_by_one(replicas: Replicas) -> None:
    conversation_id = begin(replicas[0])

    def push(number: int) -> int:
        return say(replicas[number % 2], conversation_id, f"message {number}").status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(push, range(24)))
    assert set(statuses) <= {200, 409}
    listed = replicas[0].get(f"/v1/conversations/{conversation_id}/messages?limit=100").json()["data"]
    answers = [message["content"] for message in listed if message["role"] == "assistant"]
    assert len(answers) == statuses.count(200)
    assert all(f"{position} counted" in answer for position, answer in enumerate(answers))


def test_one_idempotency_key_is_one_turn_on_both(replicas: Replicas) -> None:
    conversation_id = begin(replicas[0])
    with ThreadPoolExecutor(6) as pool:
        replies = list(
            pool.map(lambda n: say(replicas[n % 2], conversation_id, "once", **{"Idempotency-Key": "shared"}), range(6))
        )
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.json()["id"] for reply in replies}) == 1


def test_every_stored_turn_is_told_exactly_by_its_id(replicas: Replicas, bus: Bus) -> None:
    with bus.subscribe(Queues.MONITORING, 500) as monitoring:
        sent = set()
        for number in range(10):
            http = replicas[number % 2]
            sent.add(say(http, begin(http), f"angry number {number}").raise_for_status().json()["turn_id"])
        told: set[str] = set()
        deadline = time.monotonic() + 20
        while not sent <= told:
            assert time.monotonic() < deadline
            deliveries = monitoring.receive(500, 1.0)
            messages = [delivery.decode().message for delivery in deliveries]
            told |= {seen.id for one in messages if isinstance(one, SentimentObserved) for seen in one.observations}
            monitoring.settle(deliveries)


def test_an_alert_reaches_the_watchers_of_both(replicas: Replicas, bus: Bus) -> None:
    alert = AlertRaised(alert_id="alert_1", state="firing", stream="chat", share=0.9, volume=30, at=1.0)
    with ExitStack() as stack:
        watching = [
            stack.enter_context(replica.stream("GET", "/v1/alerts/stream")).iter_lines() for replica in replicas
        ]
        for lines in watching:
            next(lines)
        with bus.publisher() as publisher:
            publisher.publish([envelope(alert)])
        for lines in watching:
            data = next(line for line in lines if line.startswith("data: ") and '"alert_1"' in line)
            assert json.loads(data.removeprefix("data: "))["state"] == "firing"


def test_a_revoked_key_is_refused_by_the_other_replica_within_seconds(replicas: Replicas) -> None:
    made = replicas[0].post("/v1/keys", json={"name": "short", "role": "chat"}).raise_for_status().json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert replicas[1].get("/v1/models", headers=headers).status_code == 200
    replicas[0].delete(f"/v1/keys/{made['id']}").raise_for_status()
    wait_for(lambda: replicas[1].get("/v1/models", headers=headers).status_code == 401, 5)


def test_text_that_postgresql_cannot_hold_is_refused_politely(replicas: Replicas) -> None:
    for body in (b'{"content": "a\\u0000b"}', b'{"content": "\\ud800"}'):
        reply = replicas[0].post(
            f"/v1/conversations/{begin(replicas[0])}/messages",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        assert reply.status_code == 400
    assert say(replicas[0], begin(replicas[0]), "🙂 e\u0301 你好").status_code == 200


def test_gateways_that_share_a_port_both_serve_it(tmp_path: Path) -> None:
    with ExitStack() as stack:
        where = stack.enter_context(place("stack", tmp_path))
        chosen: dict[str, Any] = where.settings() | {"api_key": KEY, "share_port": True, "requests_per_minute": 1000}
        url = stack.enter_context(serving(GatewaySettings(**chosen, port=0)))
        port = int(url.rpartition(":")[2])
        assert stack.enter_context(serving(GatewaySettings(**chosen, port=port))) == url
        headers = {"Authorization": f"Bearer {KEY}"}
        replies = [httpx.get(f"{url}/v1/models", headers=headers).raise_for_status() for _ in range(40)]
        # Each counts the requests of a key by itself.
        left = min(int(reply.headers["x-ratelimit-remaining-requests"]) for reply in replies)
        assert left > 1000 - 40
