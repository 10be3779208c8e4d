"""Documents are counted to the row, whatever is delivered twice, late, in another order, or to a process that ends."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from services.monitoring.app import running
from services.monitoring.settings import MonitoringSettings
from shared.contracts.chat.analysis import AnalyzeText
from shared.contracts.monitoring.streams import DocumentsReceived, StreamDocument, StreamSpec, Watched
from shared.messaging.bus import Bus
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import one_by_one
from shared.messaging.envelope import envelope
from shared.messaging.topology import Queues
from shared.settings import read_settings
from shared.storage.database.engine import Database, open_database
from shared.storage.monitoring import streams, trends
from shared.storage.tables.core import Model
from shared.storage.training import models
from tests import waiting
from tests.integration.places import Place
from tests.unit.gateway.echo import read

NOON = 1_790_000_000 // 86_400 * 86_400 + 43_200
SPEC = StreamSpec(watch=(Watched(name="Nord"), Watched(name="海川")), model="ft:echo")


@pytest.fixture
def database(where: Place, bus: Bus) -> Iterator[Database]:
    """A platform with a model, a stream, and an nlu to which "angry" is negative."""
    with ExitStack() as stack:
        settings = read_settings(MonitoringSettings, **where.settings())
        database = stack.enter_context(open_database(settings.database))
        with database.transaction() as session:
            models.add(session, Model(id="ft:echo", task="nlu", base_model="b", created_at=1.0, size_bytes=1))
            models.promote(session, "nlu", "ft:echo", "test", 1.0)
            streams.put(session, "news", SPEC, key_id="key", now=1.0)
        publisher = stack.enter_context(bus.publisher())
        stack.enter_context(Consumer(bus, Queues.NLU, {AnalyzeText: one_by_one(read)}, publisher=publisher))
        yield database


def written(count: int) -> list[StreamDocument]:
    """Texts of a few words each, too short to be taken for copies."""
    chance = random.Random(15)
    return [
        StreamDocument(
            id=f"doc-{number}",
            text=" ".join(chance.sample(("angry", "calm", "Nord", "海川", "day"), 3)),
            published_at=NOON + chance.uniform(-20_000, 20_000),
            source=chance.choice(("wire", "blog")),
        )
        for number in range(count)
    ]


def messages(documents: list[StreamDocument], size: int) -> list[DocumentsReceived]:
    return [
        DocumentsReceived(stream="news", documents=tuple(documents[start : start + size]), received_at=NOON)
        for start in range(0, len(documents), size)
    ]


def expected(documents: list[StreamDocument]) -> Counter[tuple[int, str, str, str]]:
    """Texts and negatives by minute, entity and source, counted by hand."""
    found: Counter[tuple[int, str, str, str]] = Counter()
    for one in documents:
        minute = int(one.published_at // 60) * 60
        for entity in ("", *(name for name in ("Nord", "海川") if name in one.text)):
            found[minute, entity, one.source, "texts"] += 1
            found[minute, entity, one.source, "negative"] += "angry" in one.text.split()
    return +found


def found(database: Database) -> Counter[tuple[int, str, str, str]]:
    counts: Counter[tuple[int, str, str, str]] = Counter()
    with database.reading() as session:
        for entity in ("", None):
            for bucket in trends.series(
                session, "news", since=0, until=2 * NOON, entity=entity, group=("entity", "source")
            ):
                counts[bucket.start, bucket.entity, bucket.source, "texts"] += bucket.texts
                counts[bucket.start, bucket.entity, bucket.source, "negative"] += bucket.negative
    return +counts


def test_shuffled_repeated_and_interrupted_deliveries_count_every_document_once(
    where: Place, bus: Bus, database: Database
) -> None:
    documents = written(400)
    told = [*messages(documents, 7), *messages(documents[::-1], 13), *messages(documents[100:300], 1)]
    random.Random(1).shuffle(told)
    settings = read_settings(MonitoringSettings, documents_batch=4, **where.settings())
    with running(settings), bus.publisher() as publisher:
        with running(settings):  # a second process, which ends in the middle
            publisher.publish([envelope(message) for message in told])
            waiting.wait_for(lambda: bool(found(database)), 30, "the first counts")
        waiting.wait_for(lambda: found(database) == expected(documents), 60, "the counts of the input")


def test_documents_wait_for_nlu_and_those_of_a_stream_that_is_gone_are_dropped(
    where: Place, bus: Bus, database: Database
) -> None:
    documents = written(20)
    gone = DocumentsReceived(stream="gone", documents=tuple(documents), received_at=NOON)
    with bus.publisher() as publisher:
        publisher.publish([envelope(gone), *(envelope(message) for message in messages(documents, 5))])
    with running(read_settings(MonitoringSettings, **where.settings())):
        waiting.wait_for(lambda: found(database) == expected(documents), 30, "the counts of the input")
    with database.reading() as session:
        assert trends.watermark(session, "gone") is None


def test_a_model_that_is_gone_costs_the_sentiment_and_no_document(where: Place, bus: Bus, database: Database) -> None:
    with database.transaction() as session:
        streams.put(session, "news", SPEC.model_copy(update={"model": "ft:deleted"}), key_id="key", now=2.0)
    with running(read_settings(MonitoringSettings, **where.settings())), bus.publisher() as publisher:
        publisher.publish([envelope(message) for message in messages(written(10), 10)])

        def counted() -> int:
            with database.reading() as session:
                return sum(bucket.texts for bucket in trends.series(session, "news", since=0, until=2 * NOON))

        waiting.wait_for(lambda: counted() == 10, 30, "ten documents")
    assert not any(key[3] == "negative" for key in found(database))
