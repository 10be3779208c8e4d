"""What is said in conversations becomes messages to bring: the bot's answers, a colleague's words, changes of hands.

How much was passed on is noted in the transaction that stores what is to be brought, so that a kill between the two cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from shared.storage.chat import channels, conversation_items, conversations
from shared.storage.database.engine import Database, Session
from shared.storage.tables.channels import ChannelMessage, ChannelThread
from shared.storage.tables.core import ConversationItem, Turn

#: Threads looked at in one transaction, and turns of each.
_THREADS, _TURNS = 50, 100


class Telling:
    """Passes on what is new.

    Args:
        database: Where it is.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def catch_up(self, conversation_ids: Collection[str] | None = None) -> int:
        """Pass on what is new in these conversations, or in all; returns how many messages are to be brought."""
        owed = 0
        while True:
            with self._database.reading() as session:
                behind = channels.behind(session, conversation_ids, _THREADS)
            if not behind:
                return owed
            with self._database.transaction() as session:
                owed += sum(self._pass_on(session, thread) for thread in behind)

    def _pass_on(self, session: Session, thread: ChannelThread) -> int:
        conversation = conversations.get(session, thread.conversation_id)
        turns = conversations.turns_from(session, conversation.id, thread.told_turns, _TURNS)
        items = conversation_items.since(session, conversation.id, thread.told_item)
        if len(turns) == _TURNS:  # what was said after these turns comes after those that follow
            items = [item for item in items if item.after_turns <= turns[-1].position]
        told_turns, told_item = thread.told_turns + len(turns), (items[-1].seq or 0) if items else thread.told_item
        is_all = told_turns == conversation.turns
        status = conversation.status if is_all else thread.told_status
        if not channels.advance(session, thread, turns=told_turns, item=told_item, status=status):
            return 0  # another process has passed it on
        contents = dict(_messages(turns, items))
        if status != thread.told_status:
            contents[f"{conversation.id}.{told_turns}.{told_item}.{status}"] = {"event": "status", "status": status}
        return channels.take_in(session, [self._row(thread, *content) for content in contents.items()])

    def _row(self, thread: ChannelThread, name: str, content: dict[str, Any]) -> ChannelMessage:
        now = self._clock()
        return ChannelMessage(
            channel_id=thread.channel_id,
            thread=thread.thread,
            direction="out",
            external_id=name,
            content=content,
            created_at=now,
            next_at=now,
        )


def _messages(turns: Collection[Turn], items: Collection[ConversationItem]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the customer has not said, in order, by its id."""
    placed = [((turn.position, 1, 0), _of_turn(turn)) for turn in turns if turn.answer.kind != "silent"]
    placed += [((item.after_turns, 0, item.seq or 0), _of_item(item)) for item in items if item.author is not None]
    for _, named in sorted(placed, key=lambda one: one[0]):
        yield named


def _of_turn(turn: Turn) -> tuple[str, dict[str, Any]]:
    said = {"text": turn.answer.text, "role": "bot", "suggestions": list(turn.answer.suggestions)}
    return f"{turn.id}.assistant", {"event": "message", **said}


def _of_item(item: ConversationItem) -> tuple[str, dict[str, Any]]:
    text = "".join(part.get("text", "") for part in item.item["content"])
    return item.id, {"event": "message", "text": text, "role": "colleague", "author": item.author}
