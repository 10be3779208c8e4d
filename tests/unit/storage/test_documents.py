from __future__ import annotations

import pytest

from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.monitoring.streams import StreamSpec, Watched
from shared.errors import NotFound
from shared.storage.database.engine import Database
from shared.storage.monitoring import documents, streams, trends
from shared.storage.monitoring.documents import Behind
from shared.storage.tables.streams import Document, DocumentMention
from tests.unit.storage.builders import at_once


def a_document(document_id: str, at: float = 100.0, *, stream: str = "news", text: str = "Gold rises.") -> Document:
    return Document(
        stream=stream,
        id=document_id,
        title="",
        text=text,
        source="wire",
        url="",
        author="",
        language="en",
        topic="",
        published_at=at,
        received_at=at,
        sentiment="positive",
        score=400,
        confidence=800,
        model="ft:one",
        meta={"desk": "metals"},
    )


def named(document_id: str, entity: str, at: float = 100.0, label: SentimentLabel = "negative") -> DocumentMention:
    return DocumentMention(
        stream="news", document_id=document_id, entity=entity, published_at=at, sentiment=label, score=-400, model="m"
    )


class TestDocuments:
    def test_the_first_of_an_id_wins(self, database: Database) -> None:
        with database.transaction() as session:
            new = documents.store(session, [a_document("b"), a_document("a"), a_document("a", text="Another.")])
            assert [one.id for one in new] == ["a", "b"]
        with database.transaction() as session:
            assert documents.store(session, [a_document("a", text="Late.")]) == []
            assert [one.id for one in documents.store(session, [a_document("a", stream="other")])] == ["a"]
            assert documents.get(session, "news", "a").text == "Gold rises."
            assert documents.get(session, "news", "a").meta == {"desk": "metals"}
            assert documents.known(session, "news", ["a", "x"]) == {"a"}

    def test_concurrent_deliveries_are_kept_once(self, database: Database) -> None:
        rows = [a_document(f"d{number}", number) for number in range(300)]

        def deliver(number: int) -> int:
            with database.transaction() as session:
                return len(documents.store(session, rows if number % 2 else rows[::-1]))

        assert sum(at_once(6, deliver)) == 300

    def test_those_behind_a_point_newest_first_and_page_by_page(self, database: Database) -> None:
        with database.transaction() as session:
            documents.store(session, [a_document(name, at) for name, at in (("a", 1), ("b", 5), ("c", 5), ("d", 9))])
            documents.mention(session, [named("b", "Nordwind", 5), named("d", "Nordwind", 9, "positive")])
            documents.mark_copies(session, "news", {"c": "b"})
        everything, hers = Behind(0, 9), Behind(0, 10, entity="Nordwind", sentiment="negative")
        with database.reading() as session:
            assert [one.id for one in documents.behind(session, "news", everything, limit=9)] == ["b", "a"]
            copies = Behind(0, 10, voices_only=False)
            first = documents.behind(session, "news", copies, limit=2)
            rest = documents.behind(session, "news", copies, limit=9, after=first[-1].id)
            assert [one.id for one in (*first, *rest)] == ["d", "c", "b", "a"]
            assert [one.id for one in documents.behind(session, "news", hers, limit=9)] == ["b"]
            assert documents.voices_of(session, "news", ["a", "c"]) == {"c": "b"}
            with pytest.raises(NotFound):
                documents.behind(session, "news", everything, limit=1, after="nobody")

    def test_who_is_named_beside_whom(self, database: Database) -> None:
        with database.transaction() as session:
            documents.mention(
                session, [named(*pair) for pair in (("a", "X"), ("a", "Y"), ("b", "X"), ("b", "Y"), ("b", "Z"))]
            )
        with database.reading() as session:
            assert documents.named_together(session, "news", since=0, until=200)[0] == ("X", "Y", 2)
            assert documents.named_together(session, "news", since=0, until=200, entity="Z") == [
                ("Z", "X", 1),
                ("Z", "Y", 1),
            ]

    def test_a_band_belongs_to_the_first_and_is_handed_on_after_a_while(self, database: Database) -> None:
        def claim(name: str, at: float) -> str:
            with database.transaction() as session:
                return documents.claim_bands(session, "news", {name: ["1:x"]}, {name: at}, within=1000)[name]["1:x"]

        assert [claim("b", 500), claim("a", 100), claim("c", 1400), claim("d", 1501), claim("e", 1400)] == [*"bbbdd"]


class TestStreams:
    def test_a_stream_is_declared_changed_and_forgotten_with_all_it_has(self, database: Database) -> None:
        spec = StreamSpec(watch=(Watched(name="Nordwind", aliases=("NWD",)),), time_zone="Asia/Shanghai")
        with database.transaction() as session:
            assert streams.put(session, "news", StreamSpec(), key_id="k", now=1.0).updated_at == 1.0
            changed = streams.put(session, "news", spec, key_id="k2", now=2.0)
            documents.store(session, [a_document("a")])
            trends.add(session, "news", [trends.reading(60, "neutral", 0, is_copy=False)])
        assert (changed.created_at, changed.updated_at, changed.spec, changed.key_id) == (1.0, 2.0, spec, "k2")
        with database.transaction() as session:
            assert streams.spec_of(session, "news") == spec
            assert streams.spec_of(session, "chat") == StreamSpec()
            streams.delete(session, "news")
        with database.transaction() as session:
            assert documents.known(session, "news", ["a"]) == set()
            assert trends.watermark(session, "news") is None
            with pytest.raises(NotFound):
                streams.delete(session, "news")
