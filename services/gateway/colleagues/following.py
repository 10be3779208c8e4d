"""What was said in a conversation after a moment, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.gateway.conversations.messages import in_order
from shared.errors import InvalidInput
from shared.storage.chat import conversation_items, conversations
from shared.storage.database.engine import Database
from shared.storage.tables.core import ConversationItem, ConversationStatus, Turn

_CURSOR = re.compile(r"^(\d{1,9})-(\d{1,18})$")
#: Turns read at once; the rest comes with the next look.
_TURNS = 100


@dataclass(frozen=True, slots=True)
class Position:
    """How much of a conversation somebody has seen: so many turns, and the items up to one."""

    turns: int
    item: int

    def __str__(self) -> str:
        """As it stands in an event's ``id``."""
        return f"{self.turns}-{self.item}"

    @classmethod
    def parse(cls, cursor: str) -> Position:
        """From an event's ``id``; raises ``InvalidInput``."""
        match = _CURSOR.match(cursor)
        if match is None:
            raise InvalidInput("'after' must be the id of an event of this stream, e.g. '12-3'.", param="after")
        return cls(int(match[1]), int(match[2]))


@dataclass(frozen=True, slots=True)
class News:
    """What has come since a position.

    Attributes:
        turns: Oldest first.
        items: What was said between them, oldest first.
        position: After them.
        status: Of the conversation.
        is_all: There is nothing more by now.
    """

    turns: Sequence[Turn]
    items: Sequence[ConversationItem]
    position: Position
    status: ConversationStatus
    is_all: bool = True

    def steps(self, since: Position) -> Iterator[tuple[Turn | ConversationItem, Position]]:
        """What was said, oldest first, each with where to go on after it."""
        here = since
        for said in in_order(self.turns, self.items):
            if isinstance(said, Turn):
                here = Position(said.position + 1, here.item)
            else:
                here = Position(here.turns, said.seq or 0)
            yield said, here


def news(database: Database, conversation_id: str, since: Position | None) -> News:
    """What was said since; ``None``: nothing yet, only where the conversation stands now."""
    with database.reading() as session:
        conversation = conversations.get(session, conversation_id)
        if since is None:
            return News(
                (),
                (),
                Position(conversation.turns, conversation_items.newest(session, conversation_id)),
                conversation.status,
            )
        items = conversation_items.since(session, conversation_id, since.item)
        turns = conversations.turns_from(session, conversation_id, since.turns, _TURNS)
    is_all = len(turns) < _TURNS
    if not is_all:  # what was said after these turns comes after those that follow
        items = [item for item in items if item.after_turns <= turns[-1].position]
    position = Position(since.turns + len(turns), (items[-1].seq or 0) if items else since.item)
    return News(turns, items, position, conversation.status, is_all)
