"""Where customers write from, and what they wrote and are owed there; see ``tables``."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, text
from sqlmodel import Field

from shared.contracts.channels import CustomerChannel
from shared.storage.database.columns import JsonValue
from shared.storage.tables.core import Row

Direction = Literal["in", "out"]
ChannelMessageStatus = Literal["pending", "done", "failed"]


class Channel(Row, table=True):
    """A messenger or an inbox. Writers: gateway (the setting), channels (how it goes)."""

    __tablename__ = "channels"

    id: str = Field(primary_key=True)
    setting: CustomerChannel = Field(sa_column=Column(JsonValue(CustomerChannel), nullable=False))
    """With its secrets; they are never shown again."""
    created_at: float
    updated_at: float
    key_id: str
    """Who declared it; what is said over it belongs to this key."""
    problem: str | None = None
    """Why the last message could not be brought there, in a sentence."""
    delivered_at: float | None = None
    cursor: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """How far a channel that is fetched from was read."""
    next_fetch_at: float = 0.0
    """When it is fetched from again; while somebody does, when another may if nothing is heard of it."""


class ChannelThread(Row, table=True):
    """Whose messages on a channel are which conversation, and how much of it was passed on. Writer: channels."""

    __tablename__ = "channel_threads"
    __table_args__ = (Index(None, "conversation_id"),)

    channel_id: str = Field(primary_key=True)
    thread: str = Field(primary_key=True)
    """As the channel calls it."""
    conversation_id: str
    told_turns: int = 0
    told_item: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    told_status: str = "open"
    reply: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What the channel wants to see again in an answer to the last message that was answered."""


class ChannelMessage(Row, table=True):
    """What came in over a channel, or is to go out; kept until a while after. Writer: channels."""

    __tablename__ = "channel_messages"
    __table_args__ = (
        Index("uq_channel_messages_external_id", "channel_id", "direction", "external_id", unique=True),
        Index("ix_channel_messages_thread", "channel_id", "thread", "direction", "seq"),
        Index(None, "finished_at"),
        Index(
            "ix_channel_messages_due",
            "direction",
            "next_at",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    )
    """The order in which they came."""
    channel_id: str
    thread: str
    direction: Direction = Field(sa_column=Column(String, nullable=False))
    external_id: str
    """By which a repetition is known: the channel's own id of what came in, ours of what goes out."""
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: float
    status: ChannelMessageStatus = Field(default="pending", sa_column=Column(String, nullable=False))
    attempts: int = 0
    next_at: float
    """When it may be worked at; while somebody does, when another may if nothing is heard of it."""
    token: str | None = None
    """The secret of whoever works at it."""
    finished_at: float | None = None
    problem: str | None = None
