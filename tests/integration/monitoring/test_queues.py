"""Documents from somebody's queue on a real RabbitMQ: none lost, none taken that cannot be passed on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from kombu.connection import Connection
from pydantic import SecretStr

from shared.contracts.monitoring.streams import QueueSource
from shared.errors import Unavailable
from shared.messaging.memory.bus import MemoryPublisher
from shared.settings import Login
from tests.infrastructure import broker_url
from tests.integration.monitoring.sources import Fetching, fetching


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    with broker_url() as url:
        yield url


@pytest.fixture
def queue(broker: str) -> Iterator[str]:
    """A queue of somebody else's, with dead letters of its own in ``NAME.dead``."""
    name = f"theirs-{uuid4().hex[:12]}"
    with Connection(broker) as connection:  # type: ignore[no-untyped-call]
        channel = connection.default_channel
        channel.queue_declare(f"{name}.dead", durable=True, auto_delete=False)
        dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{name}.dead"}
        channel.queue_declare(name, durable=True, auto_delete=False, arguments=dead)
        yield name
        channel.queue_delete(name)
        channel.queue_delete(f"{name}.dead")


def where(broker: str) -> str:
    """Its address without the login."""
    parts = urlsplit(broker)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or 5672}"


@pytest.fixture
def taking(tmp_path: Path, broker: str, queue: str) -> Iterator[Fetching]:
    parts = urlsplit(broker)
    login = Login(host=parts.hostname or "", username=parts.username or "", password=SecretStr(parts.password or ""))
    source = QueueSource(name="wire", url=where(broker), queue=queue, login="desk")
    with fetching(tmp_path, source, logins={"desk": login}) as found:
        yield found


def send(broker: str, queue: str, *bodies: bytes) -> None:
    with Connection(broker) as connection:  # type: ignore[no-untyped-call]
        for body in bodies:
            producer = connection.Producer()
            producer.publish(body, routing_key=queue, content_type="application/json", content_encoding="binary")


def waiting(broker: str, queue: str) -> int:
    with Connection(broker) as connection:  # type: ignore[no-untyped-call]
        return int(connection.default_channel.queue_declare(queue, passive=True).message_count)


def item(number: int) -> dict[str, object]:
    return {"id": f"q{number}", "text": f"headline {number}", "published_at": 1_795_867_000 + number}


def test_every_form_is_taken_once_and_the_rest_is_a_dead_letter(taking: Fetching, broker: str, queue: str) -> None:
    one, two = json.dumps(item(1)), json.dumps([item(2), item(3)])
    lines = "\n".join(json.dumps(item(number)) for number in (4, 5))
    send(
        broker, queue, one.encode(), two.encode(), lines.encode(), b"\xff\xfe not json", b'"words"', b'{"id": "empty"}'
    )
    assert [found.id for found in taking.fetch()] == ["q1", "q2", "q3", "q4", "q5"]
    state = taking.state()
    assert (state.state, state.documents, state.refused, state.cursor) == ("fine", 5, 3, {"taken": 6})
    assert {found.place for found in taking.refused()} == {"message 4", "message 5", "message 6"}
    assert (waiting(broker, queue), waiting(broker, f"{queue}.dead")) == (0, 2)
    assert taking.fetch() == []


def test_what_cannot_be_passed_on_goes_back(
    taking: Fetching, broker: str, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(broker, queue, *(json.dumps(item(number)).encode() for number in range(3)))

    def refuse(*_: object) -> None:
        raise Unavailable("the message broker is away")

    with monkeypatch.context() as away:
        away.setattr(MemoryPublisher, "publish", refuse)
        assert taking.fetch() == []
    assert (taking.state().state, waiting(broker, queue)) == ("failing", 3)
    taking.now[0] += 120
    assert [found.id for found in taking.fetch()] == ["q0", "q1", "q2"]
    assert waiting(broker, queue) == 0


def test_a_login_goes_to_its_own_host_alone(tmp_path: Path, broker: str) -> None:
    login = Login(host="mq.example", username="u", password=SecretStr("p"))
    source = QueueSource(name="wire", url=where(broker), queue="any", login="desk")
    with fetching(tmp_path, source, logins={"desk": login}) as failing:
        failing.fetch()
        assert "is not for" in str(failing.state().problem)


@pytest.mark.parametrize(
    ("url", "told"),
    [("amqps://10.0.0.1", "not a public address"), ("amqp://192.0.2.1", "without encryption")],
)
def test_private_and_plain_brokers_are_refused(tmp_path: Path, url: str, told: str) -> None:
    with fetching(tmp_path, QueueSource(name="wire", url=url, queue="any"), opened="127.0.0.1/32") as failing:
        failing.fetch()
        assert told in str(failing.state().problem)


def test_a_queue_that_is_not_there_is_said_to_be_so(tmp_path: Path, broker: str) -> None:
    with fetching(tmp_path, QueueSource(name="wire", url=where(broker), queue="never-made")) as failing:
        failing.fetch()
        assert "no queue 'never-made'" in str(failing.state().problem)
