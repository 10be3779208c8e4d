"""A stored turn as the two messages of a conversation."""

from __future__ import annotations

from typing import Literal

from services.gateway.chat.objects import details, usage
from services.gateway.chat.schemas import TurnDetails, Usage
from services.gateway.conversations.schemas import MessageObject
from shared.storage.tables import Turn


def customer_message(turn: Turn) -> MessageObject:
    """What the customer said."""
    return _message(turn, "user", turn.user_text)


def answer_message(turn: Turn) -> MessageObject:
    """What was answered, with all that is known about it."""
    return _message(turn, "assistant", turn.answer.text, usage(turn), details(turn))


def turn_of(message_id: str | None) -> str | None:
    """The turn that a message belongs to."""
    return None if message_id is None else message_id.partition(".")[0]


def _message(
    turn: Turn,
    role: Literal["user", "assistant"],
    content: str,
    total: Usage | None = None,
    parley: TurnDetails | None = None,
) -> MessageObject:
    return MessageObject(
        id=f"{turn.id}.{role}",
        created_at=int(turn.created_at),
        turn_id=turn.id,
        position=turn.position,
        role=role,
        content=content,
        model=turn.model_id,
        bot_version=turn.bot_version,
        usage=total,
        parley=parley,
    )
