from __future__ import annotations

from typing import Any

from shared.storage.database.engine import Database
from shared.storage.monitoring import alerts
from shared.storage.tables.core import Alert
from tests.unit.storage.builders import at_once


def fire(
    database: Database, stream: str = "chat", *, now: float = 1000.5, details: dict[str, Any] | None = None
) -> Alert | None:
    with database.transaction() as session:
        return alerts.open(
            session,
            stream=stream,
            rule="negative_share",
            share=0.75,
            volume=40,
            threshold=0.5,
            evidence=["turn_2", "turn_1"],
            now=now,
            details=details,
        )


class TestAlerts:
    def test_a_stream_fires_once_until_it_is_resolved(self, database: Database) -> None:
        first = fire(database)
        assert first is not None
        assert fire(database) is None
        with database.transaction() as session:
            assert alerts.resolve(session, first.id, share=0.1, volume=50, now=2000.5)
            assert not alerts.resolve(session, first.id, share=0.2, volume=60, now=2001.5)
        assert fire(database, now=3000.5) is not None
        with database.reading() as session:
            old = alerts.page(session).items[-1]
        assert (old.state, old.resolved_at, old.share, old.volume) == ("resolved", 2000.5, 0.1, 50)
        assert old.evidence == ["turn_2", "turn_1"]

    def test_of_concurrent_openers_one_wins(self, database: Database) -> None:
        opened = at_once(6, lambda _number: fire(database))
        assert len([alert for alert in opened if alert is not None]) == 1

    def test_streams_fire_apart(self, database: Database) -> None:
        fire(database, "chat", now=1.5)
        fire(database, "reviews", now=2.5)
        with database.reading() as session:
            assert [alert.stream for alert in alerts.firing(session)] == ["chat", "reviews"]
            assert [alert.stream for alert in alerts.firing(session, "reviews")] == ["reviews"]
            first = alerts.page(session, limit=1)
            rest = alerts.page(session, limit=1, after=first.items[0].id)
            chat = alerts.page(session, stream="chat")
        assert ([alert.stream for alert in first.items], first.has_more) == (["reviews"], True)
        assert ([alert.stream for alert in rest.items], rest.has_more) == (["chat"], False)
        assert [alert.stream for alert in chat.items] == ["chat"]

    def test_each_change_of_state_is_owed_an_announcement(self, database: Database) -> None:
        alert = fire(database)
        assert alert is not None
        for state in ("firing", "resolved"):
            with database.transaction() as session:
                if state == "resolved":
                    alerts.resolve(session, alert.id, share=0.1, volume=50, now=2000.5)
            with database.transaction() as session:
                owed = alerts.unannounced(session)
                assert [(item.id, item.state) for item in owed] == [(alert.id, state)]
                alerts.mark_announced(session, alert.id, owed[0].state)
            with database.reading() as session:
                assert alerts.unannounced(session) == []

    def test_words_go_once_an_alert_is_over_for_long_and_figures_stay(self, database: Database) -> None:
        told = {"documents": [{"title": "words"}], "observed": 3}
        old, firing = fire(database, details=told), fire(database, "reviews", details=told)
        assert old is not None
        assert firing is not None
        with database.transaction() as session:
            alerts.resolve(session, old.id, share=0.1, volume=50, now=2000.5)
        for before, kept in ((2000.5, told), (2001.0, {"observed": 3})):
            with database.transaction() as session:
                for stream in ("chat", "reviews"):
                    alerts.forget_words(session, stream, before)
            with database.reading() as session:
                assert alerts.get(session, old.id).details == kept
                assert alerts.get(session, firing.id).details == told
