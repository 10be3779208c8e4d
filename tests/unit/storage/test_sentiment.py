from __future__ import annotations

import pytest

from shared.contracts.chat.understanding import SENTIMENTS
from shared.contracts.monitoring.sentiment import Observation
from shared.errors import InvalidInput
from shared.storage.database.engine import Database
from shared.storage.monitoring import sentiment
from shared.storage.monitoring.sentiment import TrendPoint
from tests.unit.storage.builders import an_observation, at_once


def observe(database: Database, *observations: Observation) -> list[str]:
    with database.transaction() as session:
        return sorted(item.id for item in sentiment.observe(session, observations, now=0.0))


def total(database: Database, stream: str = "chat") -> int:
    with database.reading() as session:
        points = sentiment.trends(session, stream=stream, since=0, until=10**9, step_seconds=60)
    return sum(point.negative + point.neutral + point.positive for point in points)


class TestCounting:
    def test_a_text_told_twice_counts_once(self, database: Database) -> None:
        assert observe(database, an_observation("a"), an_observation("b"), an_observation("a")) == ["a", "b"]
        assert observe(database, an_observation("a"), an_observation("c")) == ["c"]
        assert observe(database) == []
        assert total(database) == 3

    def test_an_id_is_told_apart_by_stream(self, database: Database) -> None:
        observe(database, an_observation("a"), an_observation("a", stream="reviews"))
        assert (total(database), total(database, "reviews")) == (1, 1)

    def test_concurrent_tellings_in_any_order_count_once(self, database: Database) -> None:
        texts = [an_observation(f"text-{number}", at=60.0 * (number % 5)) for number in range(900)]

        def tell(number: int) -> int:
            return len(observe(database, *(texts if number % 2 else texts[::-1])))

        assert sum(at_once(6, tell)) == 900
        assert total(database) == 900

    def test_thousands_at_once_are_counted(self, database: Database) -> None:
        texts = [an_observation(f"text-{number}", sentiment=SENTIMENTS[number % 3]) for number in range(6000)]
        assert len(observe(database, *texts)) == 6000
        with database.reading() as session:
            points = sentiment.trends(session, stream="chat", since=0, until=120, step_seconds=60)
        assert points == [TrendPoint(60, "greeting", 2000, 2000, 2000)]


class TestTrends:
    def test_a_late_text_counts_in_the_minute_it_was_written(self, database: Database) -> None:
        observe(database, an_observation("new", at=600.0))
        observe(database, an_observation("late", at=119.9, sentiment="positive"))
        with database.reading() as session:
            points = sentiment.trends(session, stream="chat", since=0, until=700, step_seconds=60)
        assert points == [TrendPoint(60, "greeting", 0, 0, 1), TrendPoint(600, "greeting", 1, 0, 0)]

    def test_steps_add_minutes_up_by_intent(self, database: Database) -> None:
        for minute in range(10):
            observe(
                database,
                an_observation(f"a{minute}", at=minute * 60.0, intent="refund", sentiment="neutral"),
                an_observation(f"b{minute}", at=minute * 60.0, intent="thanks", sentiment="positive"),
            )
        with database.reading() as session:
            points = sentiment.trends(session, stream="chat", since=60, until=600, step_seconds=300)
            one = sentiment.trends(session, stream="chat", intent="thanks", since=0, until=300, step_seconds=300)
        assert points == [
            TrendPoint(0, "refund", 0, 4, 0),
            TrendPoint(0, "thanks", 0, 0, 4),
            TrendPoint(300, "refund", 0, 5, 0),
            TrendPoint(300, "thanks", 0, 0, 5),
        ]
        assert one == [TrendPoint(0, "thanks", 0, 0, 5)]

    def test_without_a_stream_all_are_added_up(self, database: Database) -> None:
        observe(database, an_observation("a"), an_observation("a", stream="reviews"))
        with database.reading() as session:
            assert sentiment.trends(session, since=0, until=120, step_seconds=60) == [
                TrendPoint(60, "greeting", 2, 0, 0)
            ]

    @pytest.mark.parametrize("step", [0, 59, 90, -60])
    def test_a_step_is_a_number_of_minutes(self, database: Database, step: int) -> None:
        with database.reading() as session, pytest.raises(InvalidInput, match="multiple of 60"):
            sentiment.trends(session, since=0, until=1, step_seconds=step)


class TestWindow:
    def test_it_is_exact_and_half_open(self, database: Database) -> None:
        for text_id, at, label in (("a", 9.9, 0), ("b", 10.0, 0), ("c", 15.5, 2), ("d", 19.9, 0), ("e", 20.0, 0)):
            observe(database, an_observation(text_id, at=at, sentiment=SENTIMENTS[label]))
        observe(database, an_observation("f", at=15.0, stream="reviews"))
        with database.reading() as session:
            assert sentiment.window(session, "chat", 10.0, 20.0) == (2, 3)
            assert sentiment.window(session, "chat", 30.0, 40.0) == (0, 0)
            assert sentiment.evidence(session, "chat", 10.0, 20.0, 5) == ["d", "b"]
            assert sentiment.evidence(session, "chat", 10.0, 20.0, 1) == ["d"]

    def test_a_text_that_is_passed_on_is_one_voice(self, database: Database) -> None:
        for number in range(25):
            observe(database, an_observation(f"repost{number}", at=10.0 + number, voice="headline"))
        observe(database, an_observation("other", at=12.0, voice="another"), an_observation("chat", at=13.0))
        with database.reading() as session:
            assert sentiment.window(session, "chat", 0.0, 100.0) == (3, 3)
            assert sentiment.evidence(session, "chat", 0.0, 100.0, 5) == ["repost0", "chat", "other"]

    def test_an_old_text_told_just_now_is_remembered(self, database: Database) -> None:
        old = an_observation("old", at=100.0)
        with database.transaction() as session:
            sentiment.observe(session, [old], now=900.0)
            assert sentiment.prune(session, before=900.0) == 0
            assert sentiment.observe(session, [old], now=901.0) == []
            assert sentiment.prune(session, before=901.0) == 1

    def test_pruning_forgets_texts_but_not_counts(self, database: Database) -> None:
        observe(database, an_observation("old", at=100.0), an_observation("new", at=200.0))
        with database.transaction() as session:
            assert sentiment.prune(session, before=200.0) == 1
        with database.reading() as session:
            assert sentiment.window(session, "chat", 0.0, 300.0) == (1, 1)
        assert total(database) == 2
