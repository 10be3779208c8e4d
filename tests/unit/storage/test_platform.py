"""What the platform keeps of itself."""

from __future__ import annotations

from shared.storage import inputs, troubles
from shared.storage.engine import Database
from shared.storage.platform_tables import InputWindow


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
