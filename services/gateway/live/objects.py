"""Stored turns and items as their customer sees them."""

from __future__ import annotations

from collections.abc import Iterator

from services.gateway.conversations.schemas import Card
from services.gateway.live.frames import CustomerMessage
from shared.contracts.chat.turns import OfferedCard, Source
from shared.storage.tables.core import ConversationItem, Turn

#: Characters of a passage on a card.
_LONGEST = 280
_ROLES = {"user": "customer", "assistant": "bot"}


def idempotency_key(conversation_id: str, say: str) -> str:
    """Under which a turn is stored: ids that two customers chose do not meet."""
    return f"{_prefix(conversation_id)}{say}"


def customer_messages(said: Turn | ConversationItem) -> Iterator[CustomerMessage]:
    """What was said; what a client told the model alone is left out."""
    if isinstance(said, Turn):
        yield from of_turn(said)
    elif said.author is not None or said.item["role"] in _ROLES:
        yield _of_item(said)


def of_turn(turn: Turn) -> Iterator[CustomerMessage]:
    """Both sides of a turn; a bot that was silent has said nothing."""
    yield CustomerMessage(
        id=f"{turn.id}.user",
        created_at=int(turn.created_at),
        role="customer",
        content=turn.user_text,
        turn_id=turn.id,
        say=_say(turn),
    )
    if turn.answer.kind != "silent":
        yield CustomerMessage(
            id=f"{turn.id}.assistant",
            created_at=int(turn.created_at),
            role="bot",
            content=turn.answer.text,
            turn_id=turn.id,
            say=_say(turn),
            kind=turn.answer.kind,
            suggestions=turn.answer.suggestions,
            cards=(*map(_of_item_offered, turn.answer.items), *map(_of_source, turn.answer.sources)),
        )


def _of_item(row: ConversationItem) -> CustomerMessage:
    return CustomerMessage(
        id=row.id,
        created_at=int(row.created_at),
        role="colleague" if row.author is not None else "customer" if row.item["role"] == "user" else "bot",
        content="".join(part.get("text", "") for part in row.item["content"]),
        author=row.author,
        cards=tuple(Card.model_validate(card) for card in row.item.get("cards", ())),
    )


def _of_source(source: Source) -> Card:
    text = " ".join(source.quote.split())
    return Card(title=source.filename, text=text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _of_item_offered(item: OfferedCard) -> Card:
    return Card(title=item.title, text=f"{item.number}. {item.title}")


def _say(turn: Turn) -> str | None:
    prefix = _prefix(turn.conversation_id)
    key = turn.idempotency_key or ""
    return key.removeprefix(prefix) if key.startswith(prefix) else None


def _prefix(conversation_id: str) -> str:
    return f"live:{conversation_id}:"
