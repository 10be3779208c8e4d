"""Alerts in the shapes of the API."""

from __future__ import annotations

from urllib.parse import urlsplit

from services.gateway.alerts.schemas import AlertEvent, AlertObject, ChannelObject
from shared.contracts.monitoring.sentiment import AlertRaised
from shared.storage.tables.alerts import AlertChannel
from shared.storage.tables.core import Alert


def alert_object(alert: Alert) -> AlertObject:
    """A stored alert."""
    return AlertObject(
        id=alert.id,
        stream=alert.stream,
        rule=alert.rule,
        state="acknowledged" if alert.state == "firing" and alert.acknowledged_at else alert.state,
        opened_at=alert.opened_at,
        resolved_at=alert.resolved_at,
        share=alert.share,
        volume=alert.volume,
        threshold=alert.threshold,
        evidence=alert.evidence,
        entity=alert.entity,
        topic=alert.topic,
        severity=alert.severity,
        incident=alert.incident or alert.id,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
        snoozed_until=alert.snoozed_until,
        escalated_at=alert.escalated_at,
        details=alert.details,
    )


def channel_object(channel: AlertChannel, secret: str | None = None) -> ChannelObject:
    """A stored channel, without its secrets: the path of an incoming webhook is one."""
    setting = channel.setting.root.model_dump(mode="json", exclude={"secret", "password"})
    if "url" in setting:
        parts = urlsplit(setting["url"])
        setting["url"] = f"{parts.scheme}://{parts.netloc}/…"
    return ChannelObject(
        id=channel.id,
        setting=setting,
        created_at=channel.created_at,
        updated_at=channel.updated_at,
        problem=channel.problem,
        delivered_at=channel.delivered_at,
        secret=secret,
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
