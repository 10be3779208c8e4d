"""RabbitMQ over TLS: the same promises, and no word to a broker that cannot prove who it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.errors import Unavailable
from shared.messaging.bus import Bus
from shared.messaging.celery.job_queue import CeleryJobQueue
from shared.messaging.connect import connect
from shared.messaging.envelope import envelope
from shared.messaging.topology import Queues
from tests.infrastructure import own_folder, required
from tests.integration.messaging.test_tasks import worked_off
from tests.integration.proxy import proxied
from tests.servers import running
from tests.tls import HOST, OTHER_HOST, TRUSTED, Certificates, TlsBroker
from tests.unit.messaging.bus_contract import BusContract
from tests.unit.messaging.samples import alert, drain, job


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with own_folder("tls") as folder:
        yield folder


@pytest.fixture(scope="module")
def certificates(folder: Path) -> Certificates:
    return Certificates(folder / "certificates")


@pytest.fixture(scope="module")
def broker(folder: Path, certificates: Certificates) -> Iterator[str]:
    data = folder / "broker"
    data.mkdir()
    with required(running(TlsBroker(data, certificates))) as own:
        yield own.url


@pytest.fixture(autouse=True)
def _trusting(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUSTED, str(certificates.authority))


class TestTlsBus(BusContract):
    """All promises."""


def test_celery_wakes_a_worker(bus: Bus, broker: str, prefix: str, tmp_path: Path) -> None:
    assert worked_off(bus, broker, prefix, tmp_path / "ran") == ["ftjob-1", "ftjob-2"]


def test_a_broker_that_nobody_vouches_for_is_told_nothing(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TRUSTED)
    with capture_logs() as entries:
        refused_by_the_bus(broker)
    assert any("certificate verify failed" in str(entry.get("reason")) for entry in entries)


def test_a_certificate_for_another_host_is_refused(broker: str) -> None:
    other = broker.replace(HOST, OTHER_HOST)
    refused_by_the_bus(other)
    with pytest.raises(Unavailable, match="certificate verify failed"):
        CeleryJobQueue(other, "").wake("ftjob-1")


def refused_by_the_bus(broker: str) -> None:
    with connect(broker) as bus, bus.publisher() as publisher, pytest.raises(Unavailable):
        publisher.publish([envelope(alert())])


def test_a_connection_that_was_cut_is_made_again(broker: str, prefix: str) -> None:
    with (
        proxied(broker) as network,
        connect(network.url, prefix=prefix) as bus,
        bus.subscribe(Queues.TRAIN_CPU, 10) as subscription,
        bus.publisher() as publisher,
    ):
        for number in range(3):
            publisher.publish([envelope(job(number))])
            while drain(subscription, 1)[0].decode().message != job(number):
                """One whose acknowledgement was cut off comes again."""
            network.cut()
