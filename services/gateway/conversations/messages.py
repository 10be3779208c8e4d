"""The messages of a conversation in order: turns, and what colleagues said between them."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.conversations.objects import answer_message, customer_message, reply_message
from services.gateway.conversations.schemas import MessageObject
from shared.storage import conversations, replies
from shared.storage.engine import Database
from shared.storage.tables import Reply, Turn


def messages_of(turns: Sequence[Turn], said: Sequence[Reply]) -> list[MessageObject]:
    """Both, oldest first. A reply stands before the turn that was stored next."""
    messages: list[MessageObject] = []
    waiting = list(said)
    for turn in turns:
        while waiting and waiting[0].position <= turn.position:
            messages.append(reply_message(waiting.pop(0)))
        messages += (customer_message(turn), answer_message(turn))
    return messages + [reply_message(reply) for reply in waiting]


def page(database: Database, conversation_id: str, after: str | None, limit: int) -> tuple[list[MessageObject], bool]:
    """The messages of up to ``limit`` turns and of the colleagues between them, and whether there are more.

    Args:
        database: Where it is.
        conversation_id: The conversation, which exists.
        after: Id of the last message seen: of either side of a turn, or of a reply.
        limit: Turns.

    Raises:
        InvalidInput: There is no message ``after`` in this conversation.
    """
    with database.reading() as session:
        if after is None:
            turn_number, reply_number = 0, 0
        elif after.startswith(replies.PREFIX):
            reply = replies.get(session, conversation_id, after)
            turn_number, reply_number = reply.position, reply.number + 1
        else:
            turn_number = conversations.turn(session, conversation_id, after.partition(".")[0]).position + 1
            reply_number = replies.count_before(session, conversation_id, turn_number)
        turns = conversations.turns_from(session, conversation_id, turn_number, limit + 1)
        said = replies.of(session, conversation_id, first=reply_number)
    if len(turns) <= limit:
        return messages_of(turns, said), False
    shown = turns[:limit]
    return messages_of(shown, [reply for reply in said if reply.position <= shown[-1].position]), True
