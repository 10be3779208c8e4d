"""``/v1/conversations``."""

from __future__ import annotations

from typing import Literal

from services.gateway.schemas.base import Body, Metadata, Resource, Text
from services.gateway.schemas.chat import TurnDetails, Usage


class CreateConversation(Body):
    """A conversation about to begin."""

    metadata: Metadata | None = None


class ConversationObject(Resource):
    """A conversation.

    Attributes:
        status: ``open``, ``handed_over`` (a person has taken over, the bot is silent) or ``ended``.
        turns: Messages answered so far.
    """

    object: Literal["conversation"] = "conversation"
    created_at: int
    ended_at: int | None
    status: Literal["open", "handed_over", "ended"]
    turns: int
    metadata: dict[str, str]


class SendMessage(Body):
    """What the customer says."""

    content: Text


class MessageObject(Resource):
    """A turn: what the customer said and what was answered.

    Attributes:
        position: 0 for the first turn of the conversation.
        content: The customer's words.
        answer: Ours; empty when a person has taken over.
        model: The model that read the message.
        bot_version: The bot file's version that answered it.
    """

    object: Literal["conversation.message"] = "conversation.message"
    created_at: int
    position: int
    content: str
    answer: str
    model: str
    bot_version: int
    usage: Usage
    parley: TurnDetails
