"""Alerts: at most one fires for a stream and a rule."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update
from sqlmodel import Session, col, select

from shared.storage.identity import new_id
from shared.storage.paging import Page, read_page
from shared.storage.statements import insert, values
from shared.storage.tables import Alert, AlertState


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
) -> Alert | None:
    """Let an alert fire; ``None`` if this rule fires on this stream already."""
    alert = Alert(
        id=new_id("alert_"),
        stream=stream,
        rule=rule,
        state="firing",
        opened_at=now,
        share=share,
        volume=volume,
        threshold=threshold,
        evidence=list(evidence),
    )
    statement = insert(session, Alert).values(values(alert)).on_conflict_do_nothing().returning(col(Alert.id))
    return alert if session.scalars(statement).one_or_none() else None


def resolve(session: Session, alert_id: str, *, share: float, volume: int, now: float) -> bool:
    """End a firing alert; ``False`` if somebody has ended it before."""
    statement = update(Alert).where(col(Alert.id) == alert_id, col(Alert.state) == "firing")
    done = session.exec(statement.values(state="resolved", resolved_at=now, share=share, volume=volume))
    return done.rowcount == 1


def firing(session: Session, stream: str | None = None) -> list[Alert]:
    """The alerts that fire, oldest first."""
    statement = select(Alert).where(col(Alert.state) == "firing").order_by(col(Alert.opened_at))
    return list(session.exec(statement if stream is None else statement.where(col(Alert.stream) == stream)))


def unannounced(session: Session) -> list[Alert]:
    """The alerts whose state nobody has been told of yet, oldest first."""
    owed = col(Alert.announced).is_distinct_from(col(Alert.state))
    return list(session.exec(select(Alert).where(owed).order_by(col(Alert.opened_at))))


def mark_announced(session: Session, alert_id: str, state: AlertState) -> None:
    """Note that ``state`` was told; called after the broker has confirmed the message."""
    session.exec(update(Alert).where(col(Alert.id) == alert_id).values(announced=state))


def page(session: Session, *, after: str | None = None, limit: int = 100, stream: str | None = None) -> Page[Alert]:
    """Alerts, newest first."""
    where = () if stream is None else (col(Alert.stream) == stream,)
    return read_page(session, Alert, *where, keys=("opened_at", "id"), after=after, limit=limit, order="desc")
