"""Wake-ups reach a real Celery worker, and a training queue that the bus made."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kombu.connection import Connection

from shared.errors import Unavailable
from shared.messaging.bus import Bus
from shared.messaging.celery.job_queue import TRAIN_TASK, BusJobQueue, CeleryJobQueue, celery_app, job_queue
from shared.messaging.connect import connect
from shared.messaging.topology import Queues
from tests.infrastructure import free_port
from tests.unit.messaging.samples import drain, job
from tests.waiting import wait_for

WORKER = f"""
import sys
from shared.messaging.celery.job_queue import celery_app
app = celery_app(sys.argv[1], sys.argv[2])

@app.task(name="{TRAIN_TASK}")
def train(job_id):
    with open(sys.argv[3], "a") as ran:
        ran.write(job_id + "\\n")

app.Worker(without_gossip=True, without_mingle=True, without_heartbeat=True).start()
"""


def worked_off(bus: Bus, broker: str, prefix: str, ran: Path) -> list[str]:
    """The jobs that a worker runs when it is woken for the first before it starts, and for the second while it does."""
    with bus.publisher() as publisher:  # the bus makes the queue, Celery finds it
        queue = job_queue(broker, publisher, prefix)
        queue.wake("ftjob-1")
        worker = subprocess.Popen([sys.executable, "-c", WORKER, broker, prefix, str(ran)])
        try:
            queue.wake("ftjob-2")
            wait_for(lambda: ran.exists() and len(ran.read_text().split()) == 2, 60.0)
        finally:
            worker.terminate()
            worker.wait(30)
    return ran.read_text().split()


def test_a_worker_runs_what_it_was_woken_for(bus: Bus, broker: str, prefix: str, tmp_path: Path) -> None:
    had_delay_queues = has_delay_queues(broker)
    assert worked_off(bus, broker, prefix, tmp_path / "ran") == ["ftjob-1", "ftjob-2"]
    assert bus.depth(Queues.TRAIN_CPU) == 0
    assert has_delay_queues(broker) == had_delay_queues


def test_a_worker_that_is_refused_says_so_once_and_can_be_ended(broker: str, prefix: str, tmp_path: Path) -> None:
    parts = urlsplit(broker)
    intruder = parts._replace(netloc=f"{parts.username}:wrong@{parts.hostname}:{parts.port or 5672}").geturl()
    command = [sys.executable, "-c", WORKER, intruder, prefix, str(tmp_path / "ran")]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stderr=log) as worker:
        wait_for(lambda: "broker refuses" in (tmp_path / "log").read_text(), 60.0)
        time.sleep(2.5)  # Celery by itself would have asked a dozen times
        worker.terminate()
        worker.wait(10)
    told = (tmp_path / "log").read_text()
    assert told.count("ACCESS_REFUSED") == 1
    assert "check user and password of PARLEY_BROKER_URL" in told
    assert "Frequent restarts" not in told


def has_delay_queues(broker: str) -> bool:
    """The 28 queues of Celery's delayed delivery, which have no prefix."""
    with Connection(broker) as connection:  # type: ignore[no-untyped-call]
        try:
            connection.default_channel.queue_declare("celery_delayed_0", passive=True)
        except connection.channel_errors:
            return False
    return True


def test_without_a_broker_waking_fails_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match="ftjob-1"):
        CeleryJobQueue(f"amqp://guest:guest@127.0.0.1:{free_port()}//", "").wake("ftjob-1")
    assert time.monotonic() - started < 10


def test_inside_one_process_the_bus_wakes() -> None:
    with connect("memory://") as memory, memory.publisher() as publisher:
        queue = job_queue("memory://", publisher, "")
        assert isinstance(queue, BusJobQueue)
        queue.wake("ftjob-1")
        with memory.subscribe(Queues.TRAIN_CPU, 1) as subscription:
            assert drain(subscription, 1)[0].decode().message == job(1)


def test_celery_takes_json_alone_and_acknowledges_early() -> None:
    settings = celery_app("amqp://", "p.").conf
    assert settings.accept_content == ["json"]
    assert settings.task_serializer == "json"
    assert settings.task_acks_late is False
    assert [queue.name for queue in settings.task_queues] == ["p.train.cpu"]
