"""The platform's own rules: drift of what models are asked, and services that are gone. Judged from the database, by any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.monitoring.platform.drift import DriftFigures, drift
from shared.contracts.monitoring.alert_rules import (
    ConfidenceDrift,
    InputDrift,
    OutOfScope,
    PlatformRule,
    ServiceDown,
    default_platform_rules,
    of_platform,
    rule_name,
)
from shared.contracts.monitoring.streams import PLATFORM_STREAM, StreamSpec
from shared.storage import processes
from shared.storage.chat import inputs
from shared.storage.database.engine import Database, Session
from shared.storage.monitoring import alert_channels, alerts, streams
from shared.storage.tables.core import Alert
from shared.storage.training import models
from shared.telemetry import logs, metrics

_log = logs.get(__name__)

_MINUTE = 60
#: Minutes that the figures of the status and of Prometheus look back.
_SHOWN_MINUTES = 60
#: An alert ends once its figure is below this share of what let it begin.
_CALM = 0.8
#: Services that are missed; training is started by need, and its jobs say when they wait.
_MISSED = ("gateway", "nlu", "generation", "recommendation", "monitoring", "channels")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a rule sees of one subject.

    Attributes:
        subject: A deployment, or a service.
        threshold: From which value on the rule fires.
        details: What an alert shows.
    """

    rule: PlatformRule
    subject: str
    value: float
    threshold: float
    texts: int
    details: Mapping[str, Any]


class PlatformAlerts:
    """Measures, and lets alerts begin and end.

    Args:
        database: What was told of processes and inputs.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._figures: dict[str, dict[str, Any]] = {}

    def facts(self) -> Mapping[str, Any]:
        """For the status: the drift of each deployment in the last hour."""
        return {"drift": self._figures}

    def look(self) -> None:
        """Judge once.

        Raises:
            Unavailable: The database is away.
        """
        now = self._clock()
        with self._database.reading() as session:
            spec = streams.spec_of(session, PLATFORM_STREAM)
            rules = default_platform_rules() if spec.rules is None else of_platform(spec.rules)
            drifts = _Drifts(session, now)
            measured = [one for rule in rules for one in _measured(session, rule, drifts, now)]
            firing = {(one.rule, one.entity): one for one in alerts.firing(session, PLATFORM_STREAM)}
            self._figures = _figures(session, drifts)
        self._export()
        for one in measured:
            self._judge(one, firing.pop((rule_name(one.rule), one.subject), None), spec, now)
        for alert in firing.values():  # of a rule, deployment or service that is no more
            self._resolve(alert, spec, now)

    def _judge(self, one: Measured, fires: Alert | None, spec: StreamSpec, now: float) -> None:
        if fires is None and one.value >= one.threshold:
            self._open(one, spec, now)
        elif fires is not None and one.value < _CALM * one.threshold:
            self._resolve(fires, spec, now)

    def _open(self, one: Measured, spec: StreamSpec, now: float) -> None:
        with self._database.transaction() as session:
            alert = alerts.open(
                session,
                stream=PLATFORM_STREAM,
                rule=rule_name(one.rule),
                share=0.0,
                volume=one.texts,
                threshold=one.threshold,
                evidence=(),
                now=now,
                entity=one.subject,
                severity=one.rule.severity,
                details=one.details,
            )
            if alert is not None:
                alert_channels.owe(session, alert.id, spec.channels, "firing", now)
        if alert is not None:
            metrics.ALERTS.labels(alert.rule, "firing").inc()
            _log.warning("alert about the platform", rule=alert.rule, subject=one.subject)

    def _resolve(self, alert: Alert, spec: StreamSpec, now: float) -> None:
        with self._database.transaction() as session:
            ended = alerts.resolve(session, alert.id, share=0.0, volume=alert.volume, now=now)
            if ended and not alerts.is_snoozed(alert, now):
                alert_channels.owe(session, alert.id, spec.channels, "resolved", now)
        if ended:
            metrics.ALERTS.labels(alert.rule, "resolved").inc()

    def _export(self) -> None:
        metrics.INPUT_DRIFT.clear()
        for deployment, figures in self._figures.items():
            for measure in ("distance", "out_of_scope", "confidence"):
                if figures.get(measure) is not None:
                    metrics.INPUT_DRIFT.labels(deployment, measure).set(figures[measure])


class _Drifts:
    """The drift of deployments at one moment; several rules ask for the same."""

    def __init__(self, session: Session, now: float) -> None:
        self._session = session
        self._now = now
        self._known: dict[tuple[str, str, int], DriftFigures | None] = {}

    def of(self, deployment: str, model: str, minutes: int) -> DriftFigures | None:
        """Within so many minutes; ``None``: nothing is known of what the model was trained for."""
        asked = deployment, model, minutes
        if asked not in self._known:
            reference = inputs.reference(self._session, model)
            since = self._now - minutes * _MINUTE
            self._known[asked] = (
                None if reference is None else drift(reference, inputs.since(self._session, deployment, model, since))
            )
        return self._known[asked]


def _measured(session: Session, rule: PlatformRule, drifts: _Drifts, now: float) -> Iterator[Measured]:
    if isinstance(rule, ServiceDown):
        yield from _missing(session, rule, now)
        return
    for deployment, model in models.deployments(session).items():
        found = drifts.of(deployment, model, rule.window_minutes)
        value, threshold, measure = _asked(rule, found)
        if found is not None and value is not None and found.texts >= rule.min_volume:
            details = {
                "since": int(now) - rule.window_minutes * _MINUTE,
                "until": int(now),
                "window_minutes": rule.window_minutes,
                "observed": round(value, 4),
                "expected": 0.0,
                "measure": measure,
                "texts": found.texts,
                "model": model,
            }
            yield Measured(rule, deployment, value, threshold, found.texts, details)


def _asked(
    rule: InputDrift | OutOfScope | ConfidenceDrift, found: DriftFigures | None
) -> tuple[float | None, float, str]:
    """The figure that a rule is about, what it may not reach, and its name."""
    if isinstance(rule, InputDrift):
        return found.distance if found else None, rule.distance, "distance of the centroids"
    if isinstance(rule, OutOfScope):
        return found.out_of_scope if found else None, rule.rise, "share out of scope above the training's"
    return found.confidence if found else None, rule.shift, "stability index of the confidences"


def _figures(session: Session, drifts: _Drifts) -> dict[str, dict[str, Any]]:
    shown: dict[str, dict[str, Any]] = {}
    for deployment, model in models.deployments(session).items():
        found = drifts.of(deployment, model, _SHOWN_MINUTES)
        if found is None:
            shown[deployment] = {"model": model, "problem": "nothing is known of its training's inputs; train it again"}
        else:
            rounded = {name: round(value, 4) for name, value in asdict(found).items() if value is not None}
            shown[deployment] = {"model": model, **rounded}
    return shown


def _missing(session: Session, rule: ServiceDown, now: float) -> Iterator[Measured]:
    seen: dict[str, float] = {}
    known: Sequence[Any] = processes.all(session)
    for one in known:
        seen[one.service] = max(seen.get(one.service, 0.0), one.seen_at)
    for service in _MISSED:
        if service in seen:  # what never was there was not wanted
            silent = max(0.0, now - seen[service])
            problem = f"No process of {service} has said for {int(silent)} s that it is there."
            details = {"problem": problem, "since": int(seen[service])}
            yield Measured(rule, service, silent, float(rule.minutes * _MINUTE), 0, details)
