"""A re-analysis goes on where it was left, and keeps both readings."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.monitoring.reading.models import StreamModels
from services.monitoring.reading.reader import DocumentReader, DocumentReading
from services.monitoring.reading.sentiment import Felt
from services.monitoring.streams.reanalysis import Reanalyser
from shared.contracts.monitoring.streams import StreamDocument, StreamSpec
from shared.errors import Unavailable
from shared.storage.database.engine import Database
from shared.storage.monitoring import documents, reanalyses, streams
from shared.storage.tables.core import Model
from shared.storage.tables.platform import Reanalysis
from shared.storage.tables.streams import Document
from shared.storage.training import models

NOW = 1_790_000_000.0
COUNT = 300


class Negative(DocumentReader):
    """Finds every second document negative; nlu is away as often as is wanted."""

    def __init__(self, away: Sequence[int] = ()) -> None:
        self.calls = 0
        self._away = set(away)

    def read(
        self,
        stream: str,  # noqa: ARG002  # as the real one has it
        spec: StreamSpec,  # noqa: ARG002
        models: StreamModels,  # noqa: ARG002
        documents: Sequence[StreamDocument],
    ) -> list[DocumentReading]:
        self.calls += 1
        if self.calls in self._away:
            raise Unavailable("nlu is away")
        return [self._read(one) for one in documents]

    def _read(self, one: StreamDocument) -> DocumentReading:
        felt = Felt("negative", -900, 900) if int(one.id) % 2 else Felt("positive", 900, 900)
        return DocumentReading(one, one.text, felt, (), (), "", "en", "ft:new")


@pytest.fixture
def asked(database: Database) -> Reanalysis:
    with database.transaction() as session:
        models.add(
            session, Model(id="ft:new", task="text_classification", base_model="b", created_at=1.0, size_bytes=1)
        )
        streams.put(session, "news", StreamSpec(), key_id="k", now=1.0)
        rows = [
            Document(
                stream="news",
                id=str(number),
                title="",
                text=f"text {number}",
                source="wire",
                url="",
                author="",
                language="en",
                topic="",
                published_at=NOW - 7200 + number // 3,
                received_at=NOW,
                sentiment="positive",
                score=500,
                confidence=700,
                model="ft:old",
            )
            for number in range(COUNT)
        ]
        documents.store(session, rows)
        row = Reanalysis(
            id="reanalysis_1",
            stream="news",
            created_at=NOW,
            model="ft:new",
            since=0,
            until=NOW,
            status="queued",
            key_id="k",
        )
        return reanalyses.add(session, row)


def state(database: Database) -> Reanalysis:
    with database.reading() as session:
        return reanalyses.get(session, "news", "reanalysis_1")


def test_what_nlu_cannot_read_now_is_gone_on_with_later(database: Database, asked: Reanalysis) -> None:
    now = [NOW]
    worker = Reanalyser(database, Negative(away=[2]), lambda: now[0])
    worker.work()
    assert (state(database).status, state(database).documents) == ("running", 128)
    now[0] += 16
    worker.work()
    ended = state(database)
    assert (ended.status, ended.documents, ended.finished_at) == ("succeeded", COUNT, now[0])
    with database.reading() as session:
        compared = reanalyses.compared(session, asked.id, 3600)
        first = documents.get(session, "news", "1")
        changed = reanalyses.readings(session, asked.id, changed_only=True, limit=1000)
    assert [(one.documents, one.earlier_positive, one.negative, one.changed) for one in compared] == [
        (COUNT, COUNT, COUNT // 2, COUNT // 2)
    ]
    assert (first.sentiment, first.model) == ("positive", "ft:old"), "what was read first stays"
    assert {int(one.document_id) % 2 for one in changed} == {1}


def test_one_whose_worker_died_is_taken_by_the_next(database: Database, asked: Reanalysis) -> None:
    with database.transaction() as session:
        claimed = reanalyses.claim(session, NOW, NOW + 300)
        assert claimed is not None
        assert reanalyses.claim(session, NOW + 299, NOW + 600) is None
    Reanalyser(database, Negative(), lambda: NOW + 301).work()
    assert state(database).status == "succeeded"


def test_a_cancelled_one_stops_and_a_model_that_is_gone_fails(database: Database, asked: Reanalysis) -> None:
    with database.transaction() as session:
        models.delete(session, "ft:new", NOW)
    Reanalyser(database, Negative(), lambda: NOW).work()
    failed = state(database)
    assert failed.status == "failed"
    assert "ft:new" in str(failed.problem)
    with database.transaction() as session:
        row = asked.model_copy(update={"id": "reanalysis_2"})
        reanalyses.add(session, Reanalysis(**row.model_dump()))
        assert reanalyses.finish(session, "reanalysis_2", "cancelled", NOW)
        assert reanalyses.claim(session, NOW, NOW + 1) is None
        reanalyses.remove_all(session, "news")
        assert reanalyses.page(session, "news").items == []
