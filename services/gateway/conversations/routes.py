"""``/v1/conversations``: the same turns as chat completions, with the conversation named by its id."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.gateway.chat.customers import named
from services.gateway.chat.lookup import check_owner
from services.gateway.chat.turns import Utterance
from services.gateway.conversations import messages
from services.gateway.conversations.items import stored
from services.gateway.conversations.objects import answer_message, conversation_object
from services.gateway.conversations.schemas import (
    ConversationObject,
    CreateConversation,
    MessageObject,
    SendMessage,
    UpdateConversation,
)
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.bodies.schemas import Deleted, EmptyRequest, Listing
from services.gateway.http.router import After, IdempotencyKey, Limit, resource
from services.gateway.state import State
from shared.storage.chat import conversation_items, conversations
from shared.storage.tables.core import ConversationStatus
from shared.storage.training import proposals

router = resource("Conversations")


@router.post("/conversations")
def create(state: State, caller: ChatCaller, body: CreateConversation | None = None) -> ConversationObject:
    """Begin a conversation."""
    metadata = body.metadata if body else None
    conversation = state.conversations.begin(caller, state.clock(), metadata, named(metadata))
    with state.database.transaction() as session:
        conversations.add(session, conversation)
        conversation_items.add(session, conversation.id, stored(body.items or () if body else ()), state.clock())
    return conversation_object(conversation)


@router.get("/conversations")
def list_conversations(
    state: State,
    caller: ChatCaller,
    status: Annotated[ConversationStatus | None, Query(description="Only those.")] = None,
    after: After = None,
    limit: Limit = 20,
) -> Listing[ConversationObject]:
    """Your conversations, newest first; an admin sees all."""
    owner = None if caller.may("admin") else caller.key_id
    with state.database.reading() as session:
        if after is not None:
            check_owner(caller, conversations.get(session, after))
        page = conversations.page(session, key_id=owner, status=status, after=after, limit=limit)
    return Listing[ConversationObject].of([conversation_object(found) for found in page.items], has_more=page.has_more)


@router.get("/conversations/{conversation_id}")
def retrieve(conversation_id: str, state: State, caller: ChatCaller) -> ConversationObject:
    """One conversation of yours."""
    with state.database.reading() as session:
        return conversation_object(check_owner(caller, conversations.get(session, conversation_id)))


@router.post("/conversations/{conversation_id}")
def update(conversation_id: str, body: UpdateConversation, state: State, caller: ChatCaller) -> ConversationObject:
    """Replace the metadata of a conversation of yours."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        changed = conversations.set_metadata(session, conversation_id, body.metadata or {}, named(body.metadata))
        return conversation_object(changed)


@router.delete("/conversations/{conversation_id}")
def delete(conversation_id: str, state: State, caller: ChatCaller) -> Deleted:
    """Delete a conversation with every word of it: turns, items and responses. What was counted of it stays counted."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        conversation_items.forget(session, conversation_id)
    return Deleted(id=conversation_id, object="conversation.deleted")


@router.post("/conversations/{conversation_id}/messages")
async def send(
    conversation_id: str, body: SendMessage, state: State, caller: ChatCaller, idempotency_key: IdempotencyKey = None
) -> MessageObject:
    """Say something, and be answered. With an `Idempotency-Key` a repeated message is not said twice."""
    said = Utterance(body.content, idempotency_key, conversation_id=conversation_id)
    turn = await state.turns.answer(caller, said, lambda: state.conversations.in_conversation(caller, conversation_id))
    return answer_message(turn)


@router.get("/conversations/{conversation_id}/messages")
def list_messages(
    conversation_id: str, state: State, caller: ChatCaller, after: After = None, limit: Limit = 20
) -> Listing[MessageObject]:
    """What was said, oldest first: each of up to `limit` turns is two messages, with a colleague's in between."""
    with state.database.reading() as session:
        check_owner(caller, conversations.get(session, conversation_id))
    said, has_more = messages.page(state.database, conversation_id, after, limit)
    return Listing[MessageObject].of(said, has_more=has_more)


@router.post("/conversations/{conversation_id}/release")
def release(
    conversation_id: str, state: State, caller: ChatCaller, _body: EmptyRequest | None = None
) -> ConversationObject:
    """Give a conversation that a person has taken over back to the bot. It goes on where it stood."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        proposals.propose(session, conversation_id, state.clock())
        released = conversation_object(conversations.release(session, conversation_id))
    state.news.tell(conversation_id)
    return released


@router.post("/conversations/{conversation_id}/end")
def end(
    conversation_id: str, state: State, caller: ChatCaller, _body: EmptyRequest | None = None
) -> ConversationObject:
    """End a conversation: it takes no more messages. Repeating it is harmless."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        proposals.propose(session, conversation_id, state.clock())
        ended = conversation_object(conversations.end(session, conversation_id, state.clock()))
    state.news.tell(conversation_id)
    return ended
