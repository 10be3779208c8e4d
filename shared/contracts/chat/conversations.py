"""News of conversations that people watch."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.message import Exchange, Message, Route


class ConversationsChanged(Message):
    """Something was said in conversations that a person has taken over, or they changed hands.

    It carries ids alone: who watches reads what is new, and no customer's words travel to those who do not.
    """

    TYPE: ClassVar[str] = "conversations.changed"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "conversations.changed")

    conversation_ids: tuple[str, ...]
