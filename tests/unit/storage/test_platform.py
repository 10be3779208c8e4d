"""What the platform keeps of itself."""

from __future__ import annotations

from shared.storage.chat import inputs
from shared.storage.database.engine import Database
from shared.storage.monitoring import reanalyses, troubles
from shared.storage.tables.platform import InputWindow, Reanalysis, Rereading


def window(
    texts: int, start: int = 300, process: str = "p1", embedding: bytes | None = b"\x00\x00\x80?"
) -> InputWindow:
    return InputWindow(
        deployment="nlu",
        model="m",
        start=start,
        process=process,
        texts=texts,
        out_of_scope=0,
        confidences=[0] * 9 + [texts],
        embedding=embedding,
    )


class TestInputs:
    def test_the_later_word_of_a_process_stays(self, database: Database) -> None:
        for texts in (3, 5, 4):
            with database.transaction() as session:
                inputs.put(session, [window(texts), window(texts, process="p2", embedding=None)])
        with database.reading() as session:
            found = {one.process: one for one in inputs.since(session, "nlu", "m", 0)}
        assert [found[process].texts for process in ("p1", "p2")] == [5, 5]
        assert (found["p1"].confidences[9], found["p1"].embedding, found["p2"].embedding) == (5, b"\x00\x00\x80?", None)

    def test_what_a_model_was_judged_by_is_no_window_and_stays(self, database: Database) -> None:
        with database.transaction() as session:
            inputs.put(session, [window(7, start=inputs.REFERENCE), window(3), window(4, start=9000)])
            inputs.prune(session, 5000.0)
        with database.reading() as session:
            assert [one.texts for one in inputs.since(session, "nlu", "m", 0)] == [4]
            reference = inputs.reference(session, "m")
            assert reference is not None
            assert reference.texts == 7
            assert inputs.reference(session, "other") is None


class TestTroubles:
    def test_what_goes_on_is_one_row_until_it_ends(self, database: Database) -> None:
        with database.transaction() as session:
            for at in (100.0, 110.0):
                troubles.begin(session, "broker_away", at, "refused")
            assert troubles.end(session, "broker_away", 200.0)
            assert not troubles.end(session, "broker_away", 210.0)
            troubles.begin(session, "broker_away", 300.0, "refused")
        with database.reading() as session:
            assert [(one.since, one.until) for one in troubles.since(session, 0)] == [(300, None), (100, 200)]
            assert [one.since for one in troubles.since(session, 250)] == [300]

    def test_late_documents_of_an_hour_are_counted_together(self, database: Database) -> None:
        for at, count in ((4000.0, 3), (4100.0, 4), (8000.0, 1)):
            with database.transaction() as session:
                troubles.note(session, "late_documents", at, at, "late", subject="news", count=count)
        with database.reading() as session:
            assert [(one.since, one.count) for one in troubles.since(session, 0)] == [(7200, 1), (3600, 7)]
        with database.transaction() as session:
            troubles.prune(session, 8000.0 + 31 * 86_400)
        with database.reading() as session:
            assert troubles.since(session, 0) == []


class TestReanalyses:
    def test_both_readings_are_compared_by_steps(self, database: Database) -> None:
        asked = Reanalysis(
            id="r1", stream="news", created_at=1.0, model="m", since=0.0, until=9000.0, status="queued", key_id="k"
        )
        labels = (("negative", "positive"), ("negative", "negative"), (None, "neutral"), ("positive", None))
        rows = [
            Rereading(
                reanalysis="r1",
                document_id=str(number),
                published_at=3000.0 + 400 * number,
                earlier=earlier,
                sentiment=now,
                score=100,
                confidence=500,
                entities=[["Nord", "negative", -900]],
            )
            for number, (earlier, now) in enumerate(labels)
        ]
        with database.transaction() as session:
            reanalyses.add(session, asked)
        with database.transaction() as session:
            row = reanalyses.claim(session, 2.0, 300.0)
            assert row is not None
            assert reanalyses.advance(session, row, rows, 400.0)
            assert reanalyses.advance(session, row, rows, 400.0)
        with database.reading() as session:
            found = reanalyses.get(session, "news", "r1")
            steps = reanalyses.compared(session, "r1", 3600)
            changed = reanalyses.readings(session, "r1", changed_only=True, after="0", limit=10)
        assert (found.documents, found.cursor) == (4, [4200.0, "3"])
        assert [(one.start, one.documents, one.changed, one.earlier_negative) for one in steps] == [
            (0, 2, 1, 2),
            (3600, 2, 2, 0),
        ]
        assert [one.document_id for one in changed] == ["2", "3"]
        assert changed[0].entities == [["Nord", "negative", -900]]
