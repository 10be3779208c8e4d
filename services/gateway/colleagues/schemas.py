"""What colleagues send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.conversations.schemas import Card
from services.gateway.http.bodies.schemas import Body, Reply, Resource, Text


class SendReply(Body):
    """What a colleague says to the customer.

    Attributes:
        content: The words.
        cards: What the customer is shown beside them.
        author: Who speaks, as the customer shall see it; the name of the key if left out.
    """

    content: Text
    cards: Annotated[list[Card], Field(max_length=10)] = Field(default_factory=list)
    author: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class WriteNote(Body):
    """What a colleague writes down.

    Attributes:
        text: The words.
        author: Who writes; the name of the key if left out.
    """

    text: Annotated[str, Field(min_length=1, max_length=4_000)]
    author: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class NoteObject(Resource):
    """A note about a conversation."""

    object: Literal["conversation.note"] = "conversation.note"
    created_at: int
    author: str
    text: str


class Notes(Reply):
    """Every note of a conversation."""

    object: Literal["list"] = "list"
    data: list[NoteObject]


class Proposal(Resource):
    """A colleague's answer as a knowledge pair.

    Attributes:
        question: What the customer had said.
        answer: What the colleague said to it.
        status: `proposed`, `accepted` or `dismissed`.
        yaml: The pair as an entry of `knowledge` in the bot file.
    """

    object: Literal["knowledge.proposal"] = "knowledge.proposal"
    created_at: int
    conversation_id: str
    question: str
    answer: str
    author: str
    status: Literal["proposed", "accepted", "dismissed"]
    yaml: str
