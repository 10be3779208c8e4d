"""What colleagues send."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.gateway.conversations.schemas import Card
from services.gateway.http.schemas import Body, Text


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
