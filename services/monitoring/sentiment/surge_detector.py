"""Counts observations and lets alerts fire and end, all in the database, so that any number of processes may watch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from services.monitoring.sentiment.clock_skew import TOLERANCE, corrected
from services.monitoring.sentiment.share_rule import SurgeRule, Verdict, Window
from shared.contracts.monitoring.sentiment import Observation
from shared.storage.database.engine import Database, Session
from shared.storage.monitoring import alerts, sentiment
from shared.telemetry import logs, metrics

#: Ids of negative texts kept with an alert.
_EVIDENCE = 20

_log = logs.get(__name__)


class SurgeDetector:
    """The sentiment streams under one rule.

    Args:
        database: Counts and alerts.
        rule: When an alert fires.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, rule: SurgeRule, clock: Callable[[], float]) -> None:
        self._database = database
        self._rule = rule
        self._clock = clock
        self._firing: set[str] = set()

    def count(self, observations: Sequence[Observation]) -> None:
        """Count those that were not counted before, in one transaction, then judge the streams they came on.

        The streams are judged after the commit, so that of several processes the last to commit sees what all have
        counted; and also if nothing was new, since a process may have died between the two.

        Raises:
            Unavailable: The database is away; the call can be repeated.
        """
        now = self._clock()
        with self._database.transaction() as session:
            new = sentiment.observe(session, corrected(observations, now), now=now)
        for item in new:
            metrics.OBSERVATIONS.labels(item.sentiment).inc()
        self.judge({item.stream for item in observations})

    def judge_firing(self) -> None:
        """Judge the streams on which an alert fires: time alone may end it."""
        with self._database.reading() as session:
            streams = {alert.stream for alert in alerts.firing(session)}
        self.judge(streams)

    def judge(self, streams: Iterable[str]) -> None:
        """Let alerts fire and end where the rule says so."""
        now = self._clock()
        for stream in sorted(streams):
            with self._database.reading() as session:
                window = self._window(session, stream, now)
                is_firing = self._is_firing(session, stream)
            verdict = self._rule.judge(window, is_firing=is_firing)
            if verdict != "keep":
                self._act(verdict, stream, window, now)
                is_firing = verdict == "fire"
            (self._firing.add if is_firing else self._firing.discard)(stream)
        metrics.ALERTS_FIRING.set(len(self._firing))

    def prune(self, older_than_seconds: float) -> None:
        """Delete the observations of texts written and told longer ago; the counts by minute stay."""
        with self._database.transaction() as session:
            deleted = sentiment.prune(session, self._clock() - older_than_seconds)
        if deleted:
            _log.info("observations pruned", deleted=deleted)

    def _window(self, session: Session, stream: str, now: float) -> Window:
        return Window(*sentiment.window(session, stream, *self._bounds(now)))

    def _bounds(self, now: float) -> tuple[float, float]:
        return now - self._rule.window_seconds, now + TOLERANCE

    def _is_firing(self, session: Session, stream: str) -> bool:
        return any(alert.rule == self._rule.NAME for alert in alerts.firing(session, stream))

    def _act(self, verdict: Verdict, stream: str, window: Window, now: float) -> None:
        with self._database.transaction() as session:
            act = self._fire if verdict == "fire" else self._resolve
            is_ours = act(session, stream, window, now)
        if is_ours:  # and not that of another process which saw the same
            _log.warning("alert", stream=stream, verdict=verdict, share=round(window.share, 3), volume=window.volume)

    def _fire(self, session: Session, stream: str, window: Window, now: float) -> bool:
        alert = alerts.open(
            session,
            stream=stream,
            rule=self._rule.NAME,
            share=window.share,
            volume=window.volume,
            threshold=self._rule.share,
            evidence=sentiment.evidence(session, stream, *self._bounds(now), _EVIDENCE),
            now=now,
        )
        return alert is not None

    def _resolve(self, session: Session, stream: str, window: Window, now: float) -> bool:
        return any(
            alerts.resolve(session, alert.id, share=window.share, volume=window.volume, now=now)
            for alert in alerts.firing(session, stream)
            if alert.rule == self._rule.NAME
        )
