"""What customers wrote, as rows: kept before anything is done about it, each message once."""

from __future__ import annotations

from collections.abc import Sequence

from services.channels.kinds.kind import Incoming
from shared.storage.chat import channels
from shared.storage.database.engine import Session
from shared.storage.tables.channels import Channel, ChannelMessage


def keep(session: Session, channel: Channel, messages: Sequence[Incoming], now: float) -> int:
    """Store what is not there yet; returns how many messages that were."""
    return channels.take_in(session, [_row(channel, message, now) for message in messages])


def _row(channel: Channel, message: Incoming, now: float) -> ChannelMessage:
    said = {"text": message.text, "author": message.author, "is_bots": message.is_bots}
    return ChannelMessage(
        channel_id=channel.id,
        thread=message.thread[:512],
        direction="in",
        external_id=message.id[:512],
        content=said | ({"reply": dict(message.reply)} if message.reply else {}),
        created_at=now,
        next_at=now,
    )
