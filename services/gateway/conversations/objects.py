"""Conversations, and what is said in them, in the shapes of the API."""

from __future__ import annotations

from typing import Literal

from services.gateway.chat.objects import details, usage
from services.gateway.chat.schemas import TurnDetails, Usage
from services.gateway.conversations.schemas import ConversationObject, MessageObject, Standing
from shared.contracts.chat.turns import DialogueState
from shared.storage.tables.core import Conversation, ConversationItem, Turn


def conversation_object(conversation: Conversation) -> ConversationObject:
    """A stored conversation."""
    return ConversationObject(
        id=conversation.id,
        created_at=int(conversation.created_at),
        ended_at=int(conversation.ended_at) if conversation.ended_at is not None else None,
        status=conversation.status,
        turns=conversation.turns,
        standing=_standing(conversation.state),
        customer=conversation.customer_id,
        metadata=conversation.user_metadata,
    )


def customer_message(turn: Turn) -> MessageObject:
    """What the customer said."""
    return _message(turn, "user", turn.user_text)


def answer_message(turn: Turn) -> MessageObject:
    """What was answered, with all that is known about it."""
    return _message(turn, "assistant", turn.answer.text, usage(turn), details(turn))


def item_message(row: ConversationItem) -> MessageObject:
    """What was said outside a turn: by a colleague, or told by a client."""
    return MessageObject(
        id=row.id,
        created_at=int(row.created_at),
        turn_id=None,
        position=row.after_turns,
        role="colleague" if row.author is not None else row.item["role"],
        content="".join(part.get("text", "") for part in row.item["content"]),
        author=row.author,
        model=None,
        bot_version=None,
        usage=None,
        parley=None,
    )


def _standing(state: DialogueState) -> Standing:
    flow = state.flows[-1] if state.flows else None
    return Standing(
        flow=flow.flow if flow else None,
        asked=flow.asked if flow else None,
        confirming=flow.confirming if flow else False,
        values=state.slots | (flow.slots if flow else {}),
        waiting=[waiting.flow for waiting in state.flows[:-1]],
    )


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
