"""Versions of the bot file. Applying an older text again makes a new version, so the newest is always the active one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from sqlmodel import Session, col, select

from shared.errors import NotFound
from shared.storage.database.statements import lock_table
from shared.storage.tables.core import BotVersion


def add(session: Session, source: str, actor: str, now: float) -> BotVersion:
    """Make ``source`` the active bot; if it is that already, nothing changes."""
    lock_table(session, BotVersion)
    digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    current = active(session)
    if current is not None and current.sha256 == digest:
        return current
    row = BotVersion(created_at=now, source=source, sha256=digest, actor=actor)
    session.add(row)
    session.flush()
    return row


def change(session: Session, changed: Callable[[str], str], actor: str, now: float) -> BotVersion:
    """Make what becomes of the active bot the active one; nobody else changes it meanwhile.

    Raises:
        NotFound: There is none.
    """
    lock_table(session, BotVersion)
    current = active(session)
    if current is None:
        raise NotFound("No bot file has been applied yet; send one to POST /v1/bots.", code="no_bot")
    return add(session, changed(current.source), actor, now)


def active(session: Session) -> BotVersion | None:
    """The newest version, or ``None`` before the first."""
    return session.exec(select(BotVersion).order_by(col(BotVersion.version).desc()).limit(1)).one_or_none()


def get(session: Session, version: int) -> BotVersion:
    """One version.

    Raises:
        NotFound: There is no such version.
    """
    row = session.get(BotVersion, version)
    if row is None:
        raise NotFound(f"No bot version {version}.", param="version")
    return row


def all(session: Session) -> list[BotVersion]:  # noqa: A001  # read as bots.all
    """Every version, newest first."""
    return list(session.exec(select(BotVersion).order_by(col(BotVersion.version).desc())))
