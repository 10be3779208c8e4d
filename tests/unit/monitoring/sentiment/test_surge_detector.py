from __future__ import annotations

import pytest

from services.monitoring.sentiment.share_rule import SurgeRule
from services.monitoring.sentiment.surge_detector import SurgeDetector
from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.monitoring.sentiment import Observation
from shared.storage.database.engine import Database
from shared.storage.monitoring import alerts, sentiment
from shared.storage.tables.core import Alert

RULE = SurgeRule(window_seconds=300, share=0.5, min_volume=4)
START = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(database: Database, clock: Clock) -> SurgeDetector:
    return SurgeDetector(database, RULE, clock)


def texts(
    label: SentimentLabel, count: int, *, at: float = START, stream: str = "chat", first: int = 0
) -> list[Observation]:
    return [
        Observation(
            id=f"turn_{label}_{number}", stream=stream, intent="order_status", sentiment=label, occurred_at=at + number
        )
        for number in range(first, first + count)
    ]


def all_alerts(database: Database) -> list[Alert]:
    with database.reading() as session:
        return alerts.page(session).items


def counted(database: Database) -> list[tuple[int, int, int]]:
    with database.reading() as session:
        points = sentiment.trends(session, since=0, until=START + 86_400, step_seconds=60)
    return [(point.negative, point.neutral, point.positive) for point in points]


def test_a_surge_fires_with_its_evidence(database: Database, watch: SurgeDetector) -> None:
    watch.count([*texts("positive", 2), *texts("negative", 3)])
    (alert,) = all_alerts(database)
    assert (alert.state, alert.stream, alert.rule) == ("firing", "chat", "negative_share")
    assert (alert.share, alert.volume, alert.threshold) == (0.6, 5, 0.5)
    assert alert.evidence == ["turn_negative_2", "turn_negative_1", "turn_negative_0"]


def test_a_surge_that_came_in_many_batches_fires_once(database: Database, watch: SurgeDetector) -> None:
    for number in range(10):
        watch.count(texts("negative", 1, first=number))
    (alert,) = all_alerts(database)
    assert alert.volume == 4


def test_streams_are_judged_apart(database: Database, watch: SurgeDetector) -> None:
    watch.count([*texts("negative", 4, stream="reviews"), *texts("positive", 4)])
    assert [alert.stream for alert in all_alerts(database)] == ["reviews"]


def test_an_alert_ends_when_the_mood_is_better(database: Database, watch: SurgeDetector) -> None:
    watch.count(texts("negative", 4))
    watch.count(texts("positive", 5))
    assert all_alerts(database)[0].state == "firing"  # 4 of 9: below the threshold, above 0.8 of it
    watch.count(texts("positive", 2, first=5))
    (alert,) = all_alerts(database)
    assert (alert.state, alert.volume) == ("resolved", 11)


def test_an_alert_ends_by_time_alone(database: Database, watch: SurgeDetector, clock: Clock) -> None:
    watch.count(texts("negative", 4))
    clock.now += 200
    watch.judge_firing()
    assert all_alerts(database)[0].state == "firing"
    clock.now += 200
    watch.judge_firing()
    (alert,) = all_alerts(database)
    assert (alert.state, alert.resolved_at, alert.volume) == ("resolved", START + 400, 0)


def test_after_it_ended_a_new_surge_is_a_new_alert(database: Database, watch: SurgeDetector, clock: Clock) -> None:
    watch.count(texts("negative", 4))
    clock.now += 1000
    watch.judge_firing()
    watch.count(texts("negative", 4, at=clock.now, first=4))
    assert sorted(alert.state for alert in all_alerts(database)) == ["firing", "resolved"]


def test_repeated_and_late_texts_count_once_in_the_minute_they_were_written(
    database: Database, watch: SurgeDetector
) -> None:
    late = texts("negative", 3, at=START - 7200)
    watch.count([*late, *late])
    watch.count(late)
    assert counted(database) == [(3, 0, 0)]
    assert all_alerts(database) == []


def test_a_repeated_batch_is_judged_again_in_case_a_process_died_in_between(
    database: Database, watch: SurgeDetector
) -> None:
    batch = texts("negative", 4)
    with database.transaction() as session:
        sentiment.observe(session, batch, now=0.0)
    watch.count(batch)
    assert counted(database) == [(4, 0, 0)]
    assert len(all_alerts(database)) == 1


def test_texts_from_the_future_are_counted_now(database: Database, watch: SurgeDetector) -> None:
    watch.count(texts("negative", 4, at=START + 9_999_999))
    assert counted(database) == [(4, 0, 0)]
    assert len(all_alerts(database)) == 1


def test_pruned_observations_stay_counted(database: Database, watch: SurgeDetector, clock: Clock) -> None:
    watch.count(texts("neutral", 2))
    clock.now += 1000
    watch.prune(older_than_seconds=500)
    assert counted(database) == [(0, 2, 0)]
    with database.reading() as session:
        assert sentiment.window(session, "chat", 0, clock.now) == (0, 0)
