"""Judges what was counted, and lets alerts begin and end: all of it from the database, so that any number of processes may."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.monitoring.alerts.attention import Attention
from services.monitoring.alerts.evidence import behind, figures
from services.monitoring.alerts.history import StreamHistories
from services.monitoring.alerts.incidents import incident_of, place
from services.monitoring.detection.budget import Budget
from services.monitoring.detection.episodes import CALM_MINUTES, Finding, finding, is_calm
from services.monitoring.detection.judgement import WINDOWS, Judgement
from services.monitoring.detection.series import MINUTE, Floats, Scope, Series
from services.monitoring.detection.table import WITHOUT_HISTORY, judge
from services.monitoring.detection.usual import Usual
from shared.contracts.monitoring.alert_rules import AlertRule, Silence, Volume, default_rules, of_texts, rule_name
from shared.contracts.monitoring.streams import PLATFORM_STREAM, StreamSpec
from shared.errors import Unavailable
from shared.storage.database.engine import Database, Session
from shared.storage.monitoring import alert_channels, alerts, streams, trends
from shared.storage.tables.core import Alert
from shared.telemetry import logs, metrics

#: Minutes that are judged at most when a stream is looked at again; a replay may pass many at once.
_CATCH_UP = 240

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """One rule's view of one scope."""

    scope: Scope
    rule: AlertRule
    minutes: Series
    judgement: Judgement
    levels: Floats

    def end(self, minute: int) -> int:
        """Unix seconds at which a judged minute ends."""
        judged = int(self.judgement.probability.shape[1])
        return self.minutes.end - (judged - 1 - minute) * MINUTE


class AlertEngine:
    """The rules of all streams.

    Args:
        database: Counts, documents and alerts.
        clock: Unix seconds.
        monotonic: Seconds that never jump; ``None``: neither does the clock.
        is_cut_off: Whether nothing can come in at present.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        monotonic: Callable[[], float] | None = None,
        is_cut_off: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._clock = clock
        self._histories = StreamHistories()
        self._judged: dict[str, int] = {}
        self._changed: set[str] = set()
        self._paused: dict[str, float] = {}
        self._lock = threading.Lock()
        self._monotonic = monotonic or clock
        self._is_cut_off = is_cut_off
        self._attention = Attention(clock(), self._monotonic())

    def changed(self, names: Iterable[str]) -> None:
        """Have streams judged at the next look; from any thread, never waits."""
        with self._lock:
            self._changed.update(names)

    def look(self) -> None:
        """Judge the streams that changed, those on which an alert fires, and once a minute every declared one.

        Raises:
            Unavailable: The database is away; what changed is judged at the next look.
        """
        now = self._clock()
        if self._attention.look(now, self._monotonic(), cut_off=self._is_cut_off()):
            self._judged.clear()
            self._paused.clear()
        with self._lock:
            changed, self._changed = self._changed, set()
        waiting = set(changed)
        try:
            with self._database.reading() as session:
                declared = {stream.id for stream in streams.all(session)}
                firing = {alert.stream for alert in alerts.firing(session)}
            due = {name for name in declared | firing if self._judged.get(name, 0) + MINUTE <= now}
            waiting.discard(PLATFORM_STREAM)
            for name in sorted((changed | due) - {PLATFORM_STREAM}):  # which counts no texts
                if self._paused.get(name, 0.0) <= now:
                    self._try(name, now)
                    waiting.discard(name)
        finally:
            self.changed(waiting)
        self._attention.looked(now)

    def _try(self, stream: str, now: float) -> None:
        """Judge a stream; one that cannot be judged keeps no other from it, and is tried again in a minute."""
        try:
            self.judge(stream)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  # whatever it was, the other streams are watched
            _log.exception("stream not judged", stream=stream)
            self._paused[stream] = now + MINUTE

    def judge(self, stream: str) -> None:
        """Judge a stream at its own time: the wall's, or that of its newest text."""
        with self._database.reading() as session:
            spec = streams.spec_of(session, stream)
            now = self._clock() if spec.clock == "wall" else trends.watermark(session, stream)
            if now is None:
                return
            end = -(-int(now) // MINUTE) * MINUTE
            begin = max(self._judged.get(stream, end - CALM_MINUTES * MINUTE), end - _CATCH_UP * MINUTE)
            last = max(1, (end - begin) // MINUTE + 1)
            looks = self._looks(session, stream, spec, end, last)
            lately = alerts.lately(session, stream, end - max(WINDOWS) * MINUTE)
        for look in looks:
            self._follow(look, spec, lately, last)
        self._judged[stream] = end

    def _looks(self, session: Session, stream: str, spec: StreamSpec, end: int, last: int) -> list[_Look]:
        rules = default_rules() if spec.rules is None else of_texts(spec.rules)
        scopes = self._histories.scopes(session, stream, end)
        budget = Budget(spec.false_alarms_per_day, len(scopes), len(rules))
        looks = []
        for scope, (usual, minutes) in scopes.items():
            for rule in rules:
                if scope.kind in rule.scopes and _can_tell(rule, usual):
                    seen = minutes if not isinstance(rule, Silence) else minutes.between(minutes.start, end - MINUTE)
                    judgement = judge(rule, seen, usual, last + CALM_MINUTES)
                    looks.append(_Look(scope, rule, seen, judgement, budget.levels(judgement)))
        return looks

    def _follow(self, look: _Look, spec: StreamSpec, lately: Sequence[Alert], last: int) -> None:
        """Minute by minute, what was not judged before."""
        mine = [
            one for one in lately if one.rule == rule_name(look.rule) and (one.entity, one.topic) == place(look.scope)
        ]
        fires = next((one for one in mine if one.state == "firing"), None)
        over = max((one.resolved_at or 0.0 for one in mine), default=0.0)
        judged = look.judgement.probability.shape[1]
        for minute in range(max(0, judged - last), judged):
            end = look.end(minute)
            if fires is None:
                found = finding(look.judgement, look.levels, minute, self._reach(look, spec, end, over))
                if found:
                    fires = self._open(look, spec, found, end, lately)
            elif end - fires.opened_at >= CALM_MINUTES * MINUTE and is_calm(
                look.judgement, look.levels, int(fires.details.get("window_minutes", max(WINDOWS))), minute
            ):
                self._resolve(look, spec, fires, end)
                fires, over = None, float(end)

    def _reach(self, look: _Look, spec: StreamSpec, end: int, over: float) -> int | None:
        """How many minutes a window may look back: not into an alert that is over.

        What nobody watched is no silence, and what a clock that was set back told twice is no surge.
        """
        since = over
        if isinstance(look.rule, Silence):
            since = max(over, self._attention.watched_since)
        elif isinstance(look.rule, Volume) and spec.clock == "wall":
            since = max(over, self._attention.repeated_until)
        return int(end - since) // MINUTE if since else None

    def _open(self, look: _Look, spec: StreamSpec, found: Finding, end: int, lately: Sequence[Alert]) -> Alert | None:
        told = figures(look.rule, found, look.minutes, end)
        now = self._clock() if spec.clock == "wall" else float(end)
        with self._database.transaction() as session:
            evidence, shown = behind(session, look.scope, look.rule, told["since"], end)
            beside = {
                one.id: one for one in (*lately, *alerts.firing(session, look.scope.stream)) if one.state == "firing"
            }
            incident = incident_of(look.scope, evidence, now, beside.values())
            entity, topic = place(look.scope)
            alert = alerts.open(
                session,
                stream=look.scope.stream,
                rule=rule_name(look.rule),
                share=told["negative"] / told["texts"] if told["texts"] else 0.0,
                volume=told["texts"],
                threshold=found.expected,
                evidence=evidence,
                now=now,
                entity=entity,
                topic=topic,
                severity=look.rule.severity,
                incident=incident,
                details=told | shown,
            )
            if alert is not None and incident is None:  # the others of an incident are told with its first
                alert_channels.owe(session, alert.id, spec.channels, "firing", self._clock())
        if alert is not None:
            metrics.ALERTS.labels(alert.rule, "firing").inc()
            _log.warning("alert", stream=alert.stream, rule=alert.rule, scope=look.scope.kind, verdict="fire")
        return alert

    def _resolve(self, look: _Look, spec: StreamSpec, alert: Alert, end: int) -> None:
        window = look.minutes.between(end - CALM_MINUTES * MINUTE, end)
        texts = float(window.texts.sum())
        share = float(window.negative.sum()) / texts if texts else 0.0
        now = self._clock() if spec.clock == "wall" else float(end)
        with self._database.transaction() as session:
            ended = alerts.resolve(session, alert.id, share=share, volume=int(texts), now=now)
            if ended and alert.incident == alert.id and not alerts.is_snoozed(alert, self._clock()):
                alert_channels.owe(session, alert.id, spec.channels, "resolved", self._clock())
        if ended:
            metrics.ALERTS.labels(alert.rule, "resolved").inc()

    def escalate(self) -> None:
        """Make alerts critical that nobody has acknowledged for as long as their stream allows, and have them told again."""
        now = self._clock()
        with self._database.reading() as session:
            firing = alerts.firing(session)
            allowed = {name: streams.spec_of(session, name) for name in {alert.stream for alert in firing}}
        for alert in firing:
            spec = allowed[alert.stream]
            late = spec.escalate_minutes and now - alert.opened_at >= spec.escalate_minutes * MINUTE
            if not late or alert.acknowledged_at or alert.escalated_at or alerts.is_snoozed(alert, now):
                continue
            with self._database.transaction() as session:
                if alerts.escalate(session, alert.id, now):
                    alert_channels.owe(session, alert.id, spec.channels, "escalated", now)
                    metrics.ALERTS.labels(alert.rule, "escalated").inc()


def _can_tell(rule: AlertRule, usual: Usual) -> bool:
    return isinstance(rule, WITHOUT_HISTORY) or not usual.is_learning
