"""``/v1/conversations/{id}/items``: turns and what was said beside them, as items of the convention."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from services.gateway.chat.lookup import check_owner
from services.gateway.conversations.items import of_turn, said_id, stored, turn_id_of
from services.gateway.conversations.objects import conversation_object
from services.gateway.conversations.schemas import AddItems, ConversationObject, ItemObject
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.bodies.schemas import Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from shared.errors import InvalidInput, NotFound
from shared.storage.chat import conversation_items, conversations
from shared.storage.chat.conversation_items import Place
from shared.storage.database.engine import Session
from shared.storage.database.paging import Order
from shared.storage.tables.core import ConversationItem, Turn

router = resource("Conversations")

Include = Annotated[list[str] | None, Query(alias="include", max_length=32, description="Without effect.")]
IncludeInBrackets = Annotated[list[str] | None, Query(alias="include[]", max_length=32, description="Without effect.")]


@router.post("/conversations/{conversation_id}/items")
def add(
    conversation_id: str,
    body: AddItems,
    state: State,
    caller: ChatCaller,
    include: Include = None,  # noqa: ARG001  # what can be told is always told
    include_in_brackets: IncludeInBrackets = None,  # noqa: ARG001  # how the official client spells it
) -> Listing[ItemObject]:
    """Tell what was said elsewhere; who answers next has read it. Nothing is answered."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        rows = conversation_items.add(session, conversation_id, stored(body.items), state.clock())
        return Listing[ItemObject].of([_of_row(row) for row in rows])


@router.get("/conversations/{conversation_id}/items")
def list_items(
    conversation_id: str,
    state: State,
    caller: ChatCaller,
    after: After = None,
    limit: Limit = 20,
    order: Order = "desc",
    include: Include = None,  # noqa: ARG001  # what can be told is always told
    include_in_brackets: IncludeInBrackets = None,  # noqa: ARG001  # how the official client spells it
) -> Listing[ItemObject]:
    """What was said, newest first."""
    with state.database.reading() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        place = None if after is None else _place(session, conversation_id, after)
        turns, items = conversation_items.page(session, conversation_id, after=place, limit=limit + 1, order=order)
    placed = [((row.after_turns, 0, row.seq or 0), _of_row(row)) for row in items]
    placed += [one for turn in turns for one in _messages(turn)]
    placed.sort(key=lambda one: one[0], reverse=order == "desc")
    left = [item for where, item in placed if place is None or (where > place if order == "asc" else where < place)]
    return Listing[ItemObject].of(left[:limit], has_more=len(left) > limit)


@router.get("/conversations/{conversation_id}/items/{item_id}")
def retrieve(
    conversation_id: str,
    item_id: str,
    state: State,
    caller: ChatCaller,
    include: Include = None,  # noqa: ARG001  # what can be told is always told
    include_in_brackets: IncludeInBrackets = None,  # noqa: ARG001  # how the official client spells it
) -> ItemObject:
    """One item."""
    with state.database.reading() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        if turn_id_of(item_id) is None:
            return _of_row(conversation_items.get(session, conversation_id, item_id))
        turn = _turn(session, conversation_id, item_id)
    return next(item for _, item in _messages(turn) if item.id == item_id)


@router.delete("/conversations/{conversation_id}/items/{item_id}")
def delete(conversation_id: str, item_id: str, state: State, caller: ChatCaller) -> ConversationObject:
    """Delete an item. A turn stays: where a dialogue stands is the outcome of all of them; delete the conversation."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        if turn_id_of(item_id) is not None:
            _turn(session, conversation_id, item_id)
            raise InvalidInput(
                "This is a message of a turn, and turns cannot be taken out of a conversation: delete the conversation.",
                param="item_id",
            )
        conversation_items.remove(session, conversation_id, item_id)
        return conversation_object(conversations.get(session, conversation_id))


def _of_row(row: ConversationItem) -> ItemObject:
    return ItemObject.model_validate({"id": row.id, **row.item})


def _messages(turn: Turn) -> list[tuple[Place, ItemObject]]:
    items: list[dict[str, Any]] = list(of_turn(turn))
    return [((turn.position, number, 0), ItemObject.model_validate(item)) for number, item in enumerate(items, 1)]


def _place(session: Session, conversation_id: str, item_id: str) -> Place:
    if turn_id_of(item_id) is None:
        row = conversation_items.get(session, conversation_id, item_id)
        return (row.after_turns, 0, row.seq or 0)
    turn = _turn(session, conversation_id, item_id)
    return (turn.position, 1 if item_id == said_id(turn.id) else 2, 0)


def _turn(session: Session, conversation_id: str, item_id: str) -> Turn:
    """The turn that a message belongs to, if it is one of this conversation."""
    turn = session.get(Turn, turn_id_of(item_id))
    if turn is None or turn.conversation_id != conversation_id or item_id not in [one["id"] for one in of_turn(turn)]:
        raise NotFound(f"No item {item_id!r} in this conversation.", param="item_id")
    return turn
