"""The messages of a conversation in order: turns, and what was said between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from services.gateway.conversations.objects import answer_message, customer_message, item_message
from services.gateway.conversations.schemas import MessageObject
from shared.errors import InvalidInput, NotFound
from shared.storage.chat import conversation_items, conversations
from shared.storage.database.engine import Database, Session
from shared.storage.tables.core import ConversationItem, Turn


def in_order(turns: Sequence[Turn], items: Sequence[ConversationItem]) -> Iterator[Turn | ConversationItem]:
    """Both, oldest first. An item stands before the turn that was stored next; what is no message is left out."""
    waiting = deque(item for item in items if item.item["type"] == "message")
    for turn in turns:
        while waiting and waiting[0].after_turns <= turn.position:
            yield waiting.popleft()
        yield turn
    yield from waiting


def messages_of(said: Turn | ConversationItem) -> tuple[MessageObject, ...]:
    """What was said; a turn is two messages."""
    return (customer_message(said), answer_message(said)) if isinstance(said, Turn) else (item_message(said),)


def page(database: Database, conversation_id: str, after: str | None, limit: int) -> tuple[list[MessageObject], bool]:
    """The messages of up to ``limit`` turns and those between them, and whether there are more.

    Args:
        database: Where it is.
        conversation_id: The conversation, which exists.
        after: Id of the last message seen: of either side of a turn, or of an item.
        limit: Turns.

    Raises:
        InvalidInput: There is no message ``after`` in this conversation.
    """
    with database.reading() as session:
        first_turn, seq = _place_after(session, conversation_id, after)
        turns = conversations.turns_from(session, conversation_id, first_turn, limit + 1)
        items = conversation_items.after(session, conversation_id, first_turn, seq)
    if len(turns) <= limit:
        return all_messages(turns, items), False
    shown = turns[:limit]
    return all_messages(shown, [item for item in items if item.after_turns <= shown[-1].position]), True


def all_messages(turns: Sequence[Turn], items: Sequence[ConversationItem]) -> list[MessageObject]:
    """The messages of both, oldest first."""
    return [message for said in in_order(turns, items) for message in messages_of(said)]


def _place_after(session: Session, conversation_id: str, after: str | None) -> tuple[int, int]:
    """The number of the first turn that comes after a message, and ``seq`` of the last item before it."""
    if after is None:
        return 0, 0
    if not after.startswith("item_"):
        return conversations.turn(session, conversation_id, after.partition(".")[0]).position + 1, 0
    try:
        item = conversation_items.get(session, conversation_id, after)
    except NotFound:
        raise InvalidInput(
            f"There is no {after!r} to continue after; take the id of the last item.", param="after"
        ) from None
    return item.after_turns, item.seq or 0
