"""Where alerts are told, and what is owed there; see ``tables``."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Column, Index, String, text
from sqlmodel import Field

from shared.contracts.monitoring.alert_channels import ChannelSetting
from shared.storage.database.columns import JsonValue
from shared.storage.tables.core import Row

NoticeStatus = Literal["pending", "delivered", "failed"]


class AlertChannel(Row, table=True):
    """A place where people are told of alerts. Writers: gateway (the setting), monitoring (how it goes)."""

    __tablename__ = "alert_channels"

    id: str = Field(primary_key=True)
    """Its name."""
    setting: ChannelSetting = Field(sa_column=Column(JsonValue(ChannelSetting), nullable=False))
    """With its secrets; they are never shown again."""
    created_at: float
    updated_at: float
    key_id: str
    problem: str | None = None
    """Why the last notice could not be delivered, in a sentence."""
    delivered_at: float | None = None


class AlertNotice(Row, table=True):
    """An alert that took a state, for one channel. Writer: monitoring."""

    __tablename__ = "alert_notices"
    __table_args__ = (
        Index(None, "channel", "next_at"),
        Index(
            "ix_alert_notices_due",
            "next_at",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: str = Field(primary_key=True)
    alert_id: str = Field(foreign_key="alerts.id")
    channel: str
    event: str
    """``firing``, ``escalated``, ``resolved``."""
    created_at: float
    status: NoticeStatus = Field(default="pending", sa_column=Column(String, nullable=False))
    attempts: int = 0
    next_at: float
    """When it may be tried; while somebody tries, when another may if nothing is heard of it."""
    token: str | None = None
    """The secret of whoever tries."""
    finished_at: float | None = None
    problem: str | None = None
