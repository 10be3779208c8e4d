"""Which alerts belong together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.monitoring.detection.series import Scope
from shared.storage.tables.core import Alert

#: Seconds between two alerts of one incident.
TOGETHER = 1800.0


def incident_of(scope: Scope, evidence: Sequence[str], now: float, firing: Iterable[Alert]) -> str | None:
    """The incident that a new alert joins: one of its stream that fires since lately, of the same scope, or with a text in common.

    What is said of a whole stream is said of the entities and topics in it, too.
    """
    ids = set(evidence)
    for alert in sorted(firing, key=lambda one: one.opened_at):
        same = (alert.entity, alert.topic) == place(scope)
        whole = scope.kind == "stream" or not (alert.entity or alert.topic)
        if now - alert.opened_at <= TOGETHER and (same or whole or ids & set(alert.evidence)):
            return alert.incident or alert.id
    return None


def place(scope: Scope) -> tuple[str, str]:
    """``(entity, topic)`` of a scope, as alerts are filed."""
    return (scope.name if scope.kind == "entity" else "", scope.name if scope.kind == "topic" else "")
