"""Webhook endpoints and what is to be told to them; see ``tables``."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, Column, Index, String, text
from sqlmodel import Field

from shared.storage.tables.core import Row

DeliveryStatus = Literal["pending", "delivered", "failed"]


class WebhookEndpoint(Row, table=True):
    """Where a team wants to be told of events. Writer: gateway."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: str = Field(primary_key=True)
    name: str
    url: str
    event_types: list[str] = Field(sa_column=Column(JSON, nullable=False))
    secret: str
    """What messages are signed with; a hash would not do."""
    previous_secret: str | None = None
    previous_until: float | None = None
    """Until then messages are signed with the secret before as well."""
    created_at: float
    updated_at: float
    key_id: str


class WebhookDelivery(Row, table=True):
    """An event for one endpoint. Writers: whoever changes what the event tells of, in the same transaction; gateway."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(None, "endpoint_id", "created_at", "id"),
        Index(None, "finished_at"),
        Index(
            "ix_webhook_deliveries_due",
            "next_at",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: str = Field(primary_key=True)
    endpoint_id: str = Field(foreign_key="webhook_endpoints.id")
    event_id: str
    """The same for every endpoint that is told of it, and for every try."""
    event_type: str
    data: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: float
    """When it happened."""
    status: DeliveryStatus = Field(default="pending", sa_column=Column(String, nullable=False))
    attempts: int = 0
    next_at: float
    """When it may be tried; while somebody tries, when another may if nothing is heard of it."""
    token: str | None = None
    """The secret of whoever tries."""
    finished_at: float | None = None
    tries: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What became of each: ``at``, ``status_code`` or ``error``, ``ms``."""
