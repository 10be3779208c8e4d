"""Alerts: at most one fires for a scope and a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import Session, col, select

from shared.contracts.monitoring.alert_rules import Severity
from shared.errors import NotFound
from shared.storage import webhooks
from shared.storage.database.identity import new_id
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert, values
from shared.storage.tables.core import Alert, AlertState

#: Details of an alert that are words of documents, and alerts whose words go at once.
_WORDS = ("documents", "terms")
_AT_ONCE = 500


def open(  # noqa: A001  # read as alerts.open
    session: Session,
    *,
    stream: str,
    rule: str,
    share: float,
    volume: int,
    threshold: float,
    evidence: Sequence[str],
    now: float,
    entity: str = "",
    topic: str = "",
    severity: Severity = "warning",
    incident: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Alert | None:
    """Let an alert fire, and have endpoints told; ``None`` if this rule fires on this scope already."""
    alert_id = new_id("alert_")
    alert = Alert(
        id=alert_id,
        stream=stream,
        rule=rule,
        state="firing",
        opened_at=now,
        share=share,
        volume=volume,
        threshold=threshold,
        evidence=list(evidence),
        entity=entity,
        topic=topic,
        severity=severity,
        incident=incident or alert_id,
        details=dict(details or {}),
    )
    statement = insert(session, Alert).values(values(alert)).on_conflict_do_nothing().returning(col(Alert.id))
    if not session.scalars(statement).one_or_none():
        return None
    webhooks.emit(session, "alert.firing", _event(alert), now)
    return alert


def resolve(session: Session, alert_id: str, *, share: float, volume: int, now: float) -> bool:
    """End a firing alert; ``False`` if somebody has ended it before."""
    done = _change(session, alert_id, state="resolved", resolved_at=now, share=share, volume=volume)
    if done:
        webhooks.emit(session, "alert.resolved", _event(get(session, alert_id)), now)
    return done


def acknowledge(session: Session, alert_id: str, *, by: str, now: float) -> Alert:
    """Note that somebody looks after a firing alert; the first stays.

    Raises:
        NotFound: There is no such alert.
    """
    if _change(session, alert_id, col(Alert.acknowledged_at).is_(None), acknowledged_at=now, acknowledged_by=by):
        webhooks.emit(session, "alert.acknowledged", _event(get(session, alert_id)), now)
    return get(session, alert_id)


def snooze(session: Session, alert_id: str, until: float) -> Alert:
    """Keep a firing alert from being told again before ``until``.

    Raises:
        NotFound: There is no such alert.
    """
    _change(session, alert_id, snoozed_until=until)
    return get(session, alert_id)


def is_snoozed(alert: Alert, now: float) -> bool:
    """Whether nobody wants to hear of it at present."""
    return alert.snoozed_until is not None and alert.snoozed_until > now


def escalate(session: Session, alert_id: str, now: float) -> bool:
    """Make a firing alert critical that nobody has acknowledged; ``False`` if that is not so, or was done before."""
    unheeded = col(Alert.acknowledged_at).is_(None), col(Alert.escalated_at).is_(None)
    return _change(session, alert_id, *unheeded, escalated_at=now, severity="critical")


def _change(session: Session, alert_id: str, *guards: ColumnElement[bool], **changed: Any) -> bool:
    statement = update(Alert).where(col(Alert.id) == alert_id, col(Alert.state) == "firing", *guards)
    return session.exec(statement.values(**changed)).rowcount == 1


def get(session: Session, alert_id: str) -> Alert:
    """An alert, as it is now.

    Raises:
        NotFound: There is no such alert.
    """
    fresh = select(Alert).where(col(Alert.id) == alert_id).execution_options(populate_existing=True)
    alert = session.exec(fresh).one_or_none()
    if alert is None:
        raise NotFound(f"No alert '{alert_id}'.", param="alert_id")
    return alert


def firing(session: Session, stream: str | None = None) -> list[Alert]:
    """The alerts that fire, oldest first."""
    statement = select(Alert).where(col(Alert.state) == "firing").order_by(col(Alert.opened_at))
    return list(session.exec(statement if stream is None else statement.where(col(Alert.stream) == stream)))


def lately(session: Session, stream: str, since: float) -> list[Alert]:
    """The alerts of a stream that fire, or have fired since then; oldest first."""
    recent = or_(col(Alert.state) == "firing", col(Alert.resolved_at) >= since)
    return list(session.exec(select(Alert).where(col(Alert.stream) == stream, recent).order_by(col(Alert.opened_at))))


def unannounced(session: Session) -> list[Alert]:
    """The alerts whose state nobody has been told of yet, oldest first."""
    owed = col(Alert.announced).is_distinct_from(col(Alert.state))
    return list(session.exec(select(Alert).where(owed).order_by(col(Alert.opened_at))))


def mark_announced(session: Session, alert_id: str, state: AlertState) -> None:
    """Note that ``state`` was told; called after the broker has confirmed the message."""
    session.exec(update(Alert).where(col(Alert.id) == alert_id).values(announced=state))


def page(
    session: Session,
    *,
    after: str | None = None,
    limit: int = 100,
    stream: str | None = None,
    state: AlertState | None = None,
    incident: str | None = None,
) -> Page[Alert]:
    """Alerts, newest first."""
    chosen: dict[str, str | None] = {"stream": stream, "state": state, "incident": incident}
    where = [col(getattr(Alert, name)) == value for name, value in chosen.items() if value is not None]
    return read_page(session, Alert, *where, keys=("opened_at", "id"), after=after, limit=limit, order="desc")


def _event(alert: Alert) -> dict[str, Any]:
    """What endpoints are told: ids and figures."""
    told = ("id", "incident", "stream", "entity", "topic", "rule", "severity", "state", "opened_at", "resolved_at")
    return {name: getattr(alert, name) for name in (*told, "acknowledged_at", "share", "volume", "threshold")}


def forget_words(session: Session, stream: str, before: float) -> None:
    """Leave, of alerts that are over since then, figures alone: no titles of documents and no terms from them."""
    worded = or_(*(col(Alert.details)[name].as_string().is_not(None) for name in _WORDS))
    over = (col(Alert.stream) == stream, col(Alert.resolved_at) < before, worded)
    for alert in session.exec(select(Alert).where(*over).limit(_AT_ONCE)).all():
        alert.details = {name: value for name, value in alert.details.items() if name not in _WORDS}
        session.add(alert)
