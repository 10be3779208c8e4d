"""``/v1/conversations``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from services.gateway.chat.schemas import TurnDetails, Usage
from services.gateway.conversations.items import Item
from services.gateway.http.bodies.schemas import Body, Metadata, Name, Reply, Resource, Text

Link = Annotated[str, StringConstraints(max_length=2_048, pattern=r"^https?://\S+$")]

#: Items that are added at once.
MAX_NEW = 100


class CreateConversation(Body):
    """A conversation about to begin, after what was said elsewhere."""

    items: Annotated[list[Item], Field(max_length=MAX_NEW)] | None = None
    metadata: Metadata | None = None


class Card(Body):
    """Something shown beside words: an item, or a document that an answer rests on."""

    title: Name
    text: Annotated[str, StringConstraints(max_length=1_000)] = ""
    url: Link | None = None
    image_url: Link | None = None
    price: Annotated[str, StringConstraints(max_length=64)] | None = None


class UpdateConversation(Body):
    """What is kept with a conversation."""

    metadata: Metadata | None


class AddItems(Body):
    """What was said outside the turns of a conversation."""

    items: Annotated[list[Item], Field(min_length=1, max_length=MAX_NEW)]


class ItemObject(Resource):
    """An item as the convention writes it: a message, a function call or what came of one."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str


class Standing(Reply):
    """Where the customer stands, for the colleague who takes over.

    Attributes:
        flow: The flow under way, as the bot file calls it.
        asked: The slot asked for last.
        confirming: Whether the bot waits for a yes.
        values: What is known by now, by slot.
        waiting: Flows that wait for this one.
    """

    flow: str | None
    asked: str | None
    confirming: bool
    values: dict[str, str]
    waiting: list[str]


class ConversationObject(Resource):
    """A conversation.

    Attributes:
        status: ``open``, ``handed_over`` (a person has taken over, the bot is silent) or ``ended``.
        turns: Messages answered so far.
        standing: What the customer is about, and what is known of it.
        customer: Whose it is, if that was told.
    """

    object: Literal["conversation"] = "conversation"
    created_at: int
    ended_at: int | None
    status: Literal["open", "handed_over", "ended"]
    turns: int
    standing: Standing
    customer: str | None = None
    metadata: dict[str, str]


class SendMessage(Body):
    """What the customer says."""

    content: Text


class MessageObject(Resource):
    """One side of a turn.

    Attributes:
        turn_id: The turn; its two messages share it. What was said outside turns belongs to none.
        position: Of the turn: 0 for the first of the conversation; what was said outside turns stands before that one.
        role: ``user`` for the customer, ``assistant`` for the bot, ``colleague`` for a person who has
            taken over; also as a client told it (`/items`).
        content: The words; empty on the bot's side when a person has taken over.
        author: Which colleague.
        model: The model that read the customer's words.
        bot_version: The version of the bot file that answered.
        usage: On the bot's side: tokens read and pieces said.
        parley: On the bot's side: what was understood, and why it was answered so.
    """

    object: Literal["conversation.message"] = "conversation.message"
    created_at: int
    turn_id: str | None
    position: int
    role: Literal["user", "assistant", "system", "developer", "colleague"]
    content: str
    author: str | None = None
    model: str | None
    bot_version: int | None
    usage: Usage | None
    parley: TurnDetails | None


class SumUp(Body):
    """By which language model: an id, `parley/NAME`, or an engine."""

    model: Name | None = None


class ConversationSummary(Reply):
    """What was said, in few words.

    Attributes:
        model: Who summed it up; null: the first words of each turn, since no language model is named.
        turns: That were looked at.
    """

    object: Literal["conversation.summary"] = "conversation.summary"
    conversation_id: str
    summary: str
    model: str | None
    turns: int


class SuggestReplies(Body):
    """How many replies of each kind, and by which language model."""

    n: Annotated[int, Field(ge=1, le=5)] = 3
    model: Name | None = None


class SuggestedReply(Reply):
    """A reply that a colleague could send.

    Attributes:
        origin: `document`: the words of a file; `model`: a language model's.
    """

    text: str
    origin: Literal["document", "model"]
    model: str | None
    file_id: str | None


class SuggestedReplies(Reply):
    """Replies to choose from; may be none."""

    object: Literal["list"] = "list"
    data: list[SuggestedReply]


class ConversationStatusEvent(Reply):
    """Who has a conversation now."""

    status: Literal["open", "handed_over", "ended"]
