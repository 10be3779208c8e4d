"""From displeased customers to the wish that goes to a person: monitoring counts and judges, the gateway looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.gateway.chat.surges import ChatSurges
from services.monitoring.alerts.engine import AlertEngine
from services.monitoring.sentiment.share_rule import SurgeRule
from services.monitoring.sentiment.surge_detector import SurgeDetector
from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.monitoring.alert_rules import NegativeShare
from shared.contracts.monitoring.sentiment import CHAT_STREAM, Observation
from shared.contracts.monitoring.streams import StreamSpec
from shared.storage.database.engine import Database, open_database
from shared.storage.monitoring import streams

_NEVER = SurgeRule(window_seconds=300, share=1.0, min_volume=1_000)


class Desk:
    """Monitoring of a chat, with a clock of its own."""

    def __init__(self, database: Database) -> None:
        self.now = 1_790_553_600.0
        self._detector = SurgeDetector(database, _NEVER, lambda: self.now)
        self._engine = AlertEngine(database, lambda: self.now)
        self._told = 0

    def turns(self, intent: str, sentiment: SentimentLabel, count: int) -> None:
        """Turns of the minute that begins, and the look at its end."""
        ids = range(self._told, self._told + count)
        self._told += count
        self._detector.count(
            [
                Observation(
                    id=f"turn_{number}", stream=CHAT_STREAM, intent=intent, sentiment=sentiment, occurred_at=self.now
                )
                for number in ids
            ]
        )

    def pass_minutes(self, count: int = 1) -> None:
        for _ in range(count):
            self.now += 60
            self._engine.changed([CHAT_STREAM])
            self._engine.look()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path / 'parley.db'}") as database:
        with database.transaction() as session:
            spec = StreamSpec(rules=(NegativeShare(scopes=("topic",), min_volume=10),))
            streams.put(session, CHAT_STREAM, spec, key_id="key_1", now=1.0)
        yield database


def test_a_surge_of_one_wish_is_seen_until_it_is_over(database: Database) -> None:
    desk, surges = Desk(database), ChatSurges(database)
    desk.turns("order_status", "negative", 12)
    desk.turns("opening_hours", "neutral", 12)
    desk.pass_minutes()
    assert not surges.intents  # until it looks
    surges.look()
    assert surges.intents == ("order_status",)
    for _ in range(40):
        desk.turns("order_status", "neutral", 12)
        desk.pass_minutes()
    surges.look()
    assert not surges.intents


def test_an_alert_on_all_turns_names_no_wish(database: Database) -> None:
    with database.transaction() as session:
        streams.put(session, CHAT_STREAM, StreamSpec(rules=(NegativeShare(min_volume=10),)), key_id="key_1", now=1.0)
    desk, surges = Desk(database), ChatSurges(database)
    desk.turns("order_status", "negative", 12)
    desk.pass_minutes()
    surges.look()
    assert not surges.intents
