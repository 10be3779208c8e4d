"""A bad day: nlu is killed, the broker is away for ninety minutes, documents of last year come, clocks jump. No count is lost, no alert is false."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from services.monitoring.alerts.engine import AlertEngine
from services.monitoring.app import running
from services.monitoring.platform.watch import PlatformWatch
from services.monitoring.reading.models import StreamModels
from services.monitoring.reading.reader import DocumentReader, DocumentReading
from services.monitoring.reading.sentiment import Felt
from services.monitoring.settings import MonitoringSettings
from services.monitoring.streams.intake import DocumentIntake
from services.monitoring.streams.lag import IngestLag
from services.nlu.settings import NluSettings
from shared.contracts.monitoring.alert_rules import MeanShift, ShareOfNegatives, Silence, Volume
from shared.contracts.monitoring.streams import DocumentsReceived, StreamDocument, StreamSpec
from shared.errors import Unavailable
from shared.messaging.bus import Publisher, Subscription
from shared.messaging.connect import connect
from shared.messaging.envelope import envelope
from shared.messaging.topology import Queues
from shared.presence import Presence
from shared.settings import read_settings
from shared.storage.database.engine import Database, open_database
from shared.storage.monitoring import alerts, streams, trends, troubles
from shared.storage.tables.core import Model
from shared.storage.training import models
from shared.telemetry.health import Health
from tests.bundles import Recipe, tiny_bundle
from tests.integration.nlu.desk import Desk
from tests.integration.places import Place, place
from tests.integration.proxy import proxied
from tests.waiting import wait_for

MODEL = "ft:tiny:parley::watch"
#: A Monday, noon.
NOW = 1_790_553_600 + 43_200
_RATE = 4


def document(name: str, at: float, text: str = "") -> StreamDocument:
    return StreamDocument(id=name, text=text or f"what {name} says about the harbour", published_at=at, source="wire")


def total(database: Database, stream: str = "news") -> int:
    with database.reading() as session:
        return sum(bucket.reach for bucket in trends.series(session, stream, since=0, until=2 * NOW))


@pytest.mark.slow
def test_nlu_killed_in_the_middle_loses_no_document(tmp_path: Path) -> None:
    """A real nlu with a real model on RabbitMQ and PostgreSQL, killed twice while it reads."""
    bundle = tiny_bundle(tmp_path / "bundle", Recipe(model_id=MODEL))
    with (
        place("stack", tmp_path) as where,
        Desk.open(read_settings(NluSettings, **where.settings()), {MODEL: bundle}) as desk,
    ):
        desk.promote(MODEL)
        with desk.database.transaction() as session:
            streams.put(session, "news", StreamSpec(), key_id="k", now=1.0)
        chance, count = random.Random(1), 1_500
        words = ("calm", "angry", "gold", "harbour", "day", "north")
        sent = [
            document(f"d{number}", NOW + number, " ".join(chance.choices(words, k=8)) + f" {number}")
            for number in range(count)
        ]
        settings = read_settings(MonitoringSettings, reading_timeout_seconds=3.0, **where.settings())
        with running(settings), connect(where.broker_url, prefix=where.broker_prefix) as bus, bus.publisher() as out:
            for start in range(0, count, 32):
                part = tuple(sent[start : start + 32])
                out.publish([envelope(DocumentsReceived(stream="news", documents=part, received_at=NOW))])
            for at_least in (64, 640):
                with _nlu(where) as process:
                    wait_for(_counted(desk.database, at_least), 60, "documents counted")
                    process.send_signal(signal.SIGKILL)
                    process.wait()
            with _nlu(where) as process:
                wait_for(lambda: total(desk.database) >= count, 90, "all documents counted")
                process.terminate()
        assert total(desk.database) == count


def _counted(database: Database, at_least: int) -> Callable[[], bool]:
    return lambda: total(database) >= at_least


def _nlu(where: Place) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "services.nlu"]
    return subprocess.Popen(command, env={**os.environ, **where.environment()}, stderr=subprocess.DEVNULL)


class Neutral(DocumentReader):
    """Finds every document neutral: what is tested is what comes when, not what it says."""

    def __init__(self) -> None:
        """Without the way to nlu."""

    def read(
        self,
        stream: str,  # noqa: ARG002  # as the real one has it
        spec: StreamSpec,  # noqa: ARG002
        models: StreamModels,  # noqa: ARG002
        documents: Sequence[StreamDocument],
    ) -> list[DocumentReading]:
        felt = Felt("neutral", 0, 900)
        return [DocumentReading(one, one.text, felt, (), (), "", "en", MODEL) for one in documents]


class Day:
    """Monitoring's parts on a real broker behind a proxy, by clocks that the test sets; senders keep what is refused."""

    def __init__(self, database: Database, watch: PlatformWatch, publisher: Publisher, queue: Subscription) -> None:
        self.wall, self.monotonic = float(NOW), 0.0
        self.sent = 0
        self._kept: list[StreamDocument] = []
        self._publisher, self._queue = publisher, queue
        self._watch = watch
        lag = IngestLag(lambda: self.wall)
        self._engine = AlertEngine(
            database, lambda: self.wall, lambda: self.monotonic, lambda: watch.is_cut_off() or lag.is_behind()
        )
        self._intake = DocumentIntake(
            database, Neutral(), lambda counted: self._engine.changed(one.stream for one in counted), lag
        )
        report = Health({}, vital={}).report
        self._presence = Presence(
            database, "monitoring", report, clock=lambda: self.wall, monotonic=lambda: self.monotonic
        )

    def minute(self, *, away: bool = False) -> None:
        """A minute passes, with as many documents as ever."""
        self._kept += [document(f"n{self.sent + number}", self.wall + 7 * number) for number in range(_RATE)]
        self.sent += _RATE
        if not away:
            self.send(self._kept)
            self._kept = []
        for _ in range(2):
            self.wall += 30
            self.monotonic += 30
            self._presence.say()
        self.look(away=away)

    def send(self, documents: Sequence[StreamDocument]) -> None:
        for start in range(0, len(documents), 32):
            part = tuple(documents[start : start + 32])
            self._publisher.publish([envelope(DocumentsReceived(stream="news", documents=part, received_at=self.wall))])

    def look(self, *, away: bool) -> None:
        received = [] if away else self._queue.receive(1_000, 1.0)
        messages = [delivery.decode().message for delivery in received]
        self._intake.take([message for message in messages if isinstance(message, DocumentsReceived)])
        self._queue.settle(received)
        self._engine.look()

    def watch(self) -> None:
        """What the platform sees of itself."""
        self._watch.look()

    def jump(self, seconds: float) -> None:
        self.wall += seconds


@pytest.mark.slow
def test_a_day_with_an_outage_old_documents_and_clocks_that_jump(tmp_path: Path) -> None:
    with (
        place("stack", tmp_path) as where,
        proxied(where.broker_url) as proxy,
        open_database(where.database_url) as database,
        connect(proxy.url, prefix=where.broker_prefix) as bus,
        bus.publisher() as publisher,
        bus.subscribe(Queues.DOCUMENTS, 1_000) as queue,
    ):
        before = _history(database)
        watch = PlatformWatch(bus, database, lambda: day.wall)
        day = Day(database, watch, publisher, queue)
        for _ in range(10):
            day.minute()
        day.watch()
        proxy.deafen()
        for minute in range(90):
            if minute % 30 == 0:
                day.watch()
            day.minute(away=True)
        with pytest.raises(Unavailable):
            day.send([document("refused", day.wall)])
        proxy.listen()
        wait_for(lambda: _sends(day), 30, "the broker")
        day.watch()
        for _ in range(15):
            day.minute()
        day.send([document(f"old{number}", NOW - 365 * 86_400 + number) for number in range(50)])
        day.watch()
        for seconds in (7200.0, -7200.0):
            day.jump(seconds)
            day.watch()
            for _ in range(5):
                day.minute()
        with database.reading() as session:
            assert alerts.page(session).items == []
            found = {one.kind: one for one in troubles.since(session, 0)}
        assert total(database) == before + day.sent + 50 + 1
        assert found.keys() == {"broker_away", "late_documents", "clock_jumped"}
        away = found["broker_away"]
        assert away.until is not None
        assert 5_300 <= away.until - away.since <= 5_500
        assert (found["late_documents"].subject, found["late_documents"].count) == ("news", 50)


def _sends(day: Day) -> bool:
    try:
        day.send([document("probe", day.wall - 60)])
    except Unavailable:
        return False
    return True


def _history(database: Database) -> int:
    """Three days of the stream as it usually is."""
    rules = (Volume(), Silence(), ShareOfNegatives(), MeanShift())
    minutes = 3 * 1440
    usual = [
        trends.Bucket(NOW - (minutes - number) * 60, "", texts=_RATE, neutral=_RATE, reach=_RATE, source="wire")
        for number in range(minutes)
    ]
    with database.transaction() as session:
        models.add(session, Model(id=MODEL, task="nlu", base_model="b", created_at=1.0, size_bytes=1))
        models.promote(session, "nlu", MODEL, "test", 1.0)
        streams.put(session, "news", StreamSpec(rules=rules), key_id="k", now=1.0)
        trends.add(session, "news", usual)
    return minutes * _RATE
