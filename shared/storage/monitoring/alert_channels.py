"""Channels, and notices: ``pending -> delivered | failed``. A notice is stored in the transaction that changes the alert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Update, delete, func, update
from sqlmodel import Session, col, select

from shared.contracts.monitoring.alert_channels import ChannelSetting
from shared.errors import NotFound
from shared.storage.database.identity import new_id
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert, insert_rows
from shared.storage.tables.alerts import AlertChannel, AlertNotice


def put(session: Session, name: str, setting: ChannelSetting, *, key_id: str, now: float) -> AlertChannel:
    """Store a channel, or store it anew."""
    statement = insert(session, AlertChannel).values(
        id=name, setting=setting, created_at=now, updated_at=now, key_id=key_id
    )
    replaced = {column: statement.excluded[column] for column in ("setting", "updated_at", "key_id")}
    session.exec(statement.on_conflict_do_update(index_elements=["id"], set_=replaced | {"problem": None}))
    return get(session, name)


def get(session: Session, name: str) -> AlertChannel:
    """A channel.

    Raises:
        NotFound: There is none of that name.
    """
    fresh = select(AlertChannel).where(col(AlertChannel.id) == name).execution_options(populate_existing=True)
    found = session.exec(fresh).one_or_none()
    if found is None:
        raise NotFound(f"No alert channel '{name}'; PUT /v1/alert_channels/{name} makes it.", param="channel")
    return found


def page(session: Session, *, after: str | None = None, limit: int = 100) -> Page[AlertChannel]:
    """Channels by name."""
    return read_page(session, AlertChannel, keys=("id",), after=after, limit=limit, order="asc")


def failing(session: Session) -> int:
    """How many could not be told the last time."""
    return session.scalar(select(func.count()).where(col(AlertChannel.problem).is_not(None))) or 0


def owed(session: Session) -> dict[str, int]:
    """How many notices wait for each channel."""
    waiting = select(AlertNotice.channel, func.count()).where(col(AlertNotice.status) == "pending")
    return dict(session.exec(waiting.group_by(AlertNotice.channel)).all())


def known(session: Session, names: Iterable[str]) -> set[str]:
    """Which of the names are channels."""
    return set(session.exec(select(AlertChannel.id).where(col(AlertChannel.id).in_(list(names)))))


def remove(session: Session, name: str) -> None:
    """Forget a channel and what is owed to it.

    Raises:
        NotFound: There is none of that name.
    """
    get(session, name)
    session.exec(delete(AlertNotice).where(col(AlertNotice.channel) == name))
    session.exec(delete(AlertChannel).where(col(AlertChannel.id) == name))


def owe(session: Session, alert_id: str, channels: Iterable[str], event: str, now: float) -> None:
    """Have channels told; those that are gone are left out."""
    notices = [
        AlertNotice(id=new_id("notice_"), alert_id=alert_id, channel=name, event=event, created_at=now, next_at=now)
        for name in sorted(known(session, channels))
    ]
    insert_rows(session, notices)


def claim(session: Session, *, token: str, now: float, hold: float, limit: int) -> list[AlertNotice]:
    """Notices that are due, of one channel, held for ``hold`` seconds by ``token``; oldest first."""
    due = col(AlertNotice.status) == "pending", col(AlertNotice.next_at) <= now
    channel = session.scalar(
        select(AlertNotice.channel).where(*due).order_by(col(AlertNotice.next_at), col(AlertNotice.id)).limit(1)
    )
    if channel is None:
        return []
    mine = select(AlertNotice.id).where(*due, col(AlertNotice.channel) == channel)
    mine = (
        mine.order_by(col(AlertNotice.created_at), col(AlertNotice.id)).limit(limit).with_for_update(skip_locked=True)
    )
    ids = list(session.exec(mine))
    held = update(AlertNotice).where(col(AlertNotice.id).in_(ids), *due)
    session.exec(held.values(token=token, next_at=now + hold))
    taken = select(AlertNotice).where(col(AlertNotice.id).in_(ids), col(AlertNotice.token) == token)
    return list(session.exec(taken.order_by(col(AlertNotice.created_at), col(AlertNotice.id))))


def put_off(session: Session, notices: Sequence[AlertNotice], until: float) -> None:
    """Give notices back that are not tried yet, until then."""
    session.exec(_held(notices).values(token=None, next_at=until))


def delivered(session: Session, notices: Sequence[AlertNotice], now: float) -> None:
    """Note that the channel has confirmed them."""
    session.exec(_held(notices).values(status="delivered", finished_at=now, attempts=col(AlertNotice.attempts) + 1))
    _tell(session, notices, problem=None, delivered_at=now)


def undelivered(
    session: Session, notices: Sequence[AlertNotice], problem: str, *, retry_at: float | None, now: float
) -> None:
    """Note why they were not, and when they are tried again; ``None``: never."""
    changed = {"attempts": col(AlertNotice.attempts) + 1, "problem": problem, "token": None}
    over = {"status": "failed", "finished_at": now} if retry_at is None else {"next_at": retry_at}
    session.exec(_held(notices).values(**changed, **over))
    _tell(session, notices, problem=problem)


def told_since(session: Session, channel: str, since: float) -> int:
    """Messages that a channel has confirmed since then; notices that were told together count once."""
    return (
        session.scalar(
            select(func.count(func.distinct(AlertNotice.finished_at))).where(
                col(AlertNotice.channel) == channel,
                col(AlertNotice.status) == "delivered",
                col(AlertNotice.finished_at) >= since,
            )
        )
        or 0
    )


def prune(session: Session, before: float) -> int:
    """Forget notices that were settled before then; says how many."""
    return session.exec(delete(AlertNotice).where(col(AlertNotice.finished_at) < before)).rowcount


def _held(notices: Sequence[AlertNotice]) -> Update:
    tokens = {notice.token for notice in notices}
    return update(AlertNotice).where(
        col(AlertNotice.id).in_([notice.id for notice in notices]), col(AlertNotice.token).in_(tokens)
    )


def _tell(session: Session, notices: Sequence[AlertNotice], **changed: object) -> None:
    names = {notice.channel for notice in notices}
    session.exec(update(AlertChannel).where(col(AlertChannel.id).in_(names)).values(**changed))
