"""Alerts in the shapes of the API."""

from __future__ import annotations

from services.gateway.alerts.schemas import AlertEvent, AlertObject
from shared.contracts.sentiment import AlertRaised
from shared.storage.tables import Alert


def alert_object(alert: Alert) -> AlertObject:
    """A stored alert."""
    return AlertObject(
        id=alert.id,
        stream=alert.stream,
        rule=alert.rule,
        state=alert.state,
        opened_at=alert.opened_at,
        resolved_at=alert.resolved_at,
        share=alert.share,
        volume=alert.volume,
        threshold=alert.threshold,
        evidence=alert.evidence,
    )


def firing_event(alert: Alert) -> AlertEvent:
    """A stored alert that fires, for somebody who has just begun to watch."""
    return AlertEvent(
        id=alert.id,
        stream=alert.stream,
        state="firing",
        share=alert.share,
        volume=alert.volume,
        evidence=alert.evidence,
        at=alert.opened_at,
    )


def raised_event(raised: AlertRaised) -> AlertEvent:
    """An alert that has just changed."""
    return AlertEvent(
        id=raised.alert_id,
        stream=raised.stream,
        state=raised.state,
        share=raised.share,
        volume=raised.volume,
        evidence=list(raised.evidence),
        at=raised.at,
    )
