"""A colleague's way into ``/v1/conversations``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from services.gateway.alerts.feed import Watcher
from services.gateway.chat.lookup import check_owner
from services.gateway.colleagues.following import Position, news
from services.gateway.colleagues.schemas import SendReply
from services.gateway.conversations.items import message
from services.gateway.conversations.messages import messages_of
from services.gateway.conversations.objects import conversation_object, item_message
from services.gateway.conversations.schemas import ConversationObject, ConversationStatusEvent, MessageObject
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.bodies import sse
from services.gateway.http.bodies.schemas import EmptyRequest
from services.gateway.http.router import IdempotencyKey, resource
from services.gateway.state import AppState, State
from shared.storage import keys
from shared.storage.chat import conversations, takeovers

router = resource("Conversations")

#: Seconds between two looks for what nobody was told of: turns that the bot answers alone, or news lost on the way.
LOOK_SECONDS = 5.0

_EVENTS = {
    "text/event-stream": {
        "schema": {
            "type": "string",
            "description": "`event: message` with a message of the conversation, `event: status` when it changes hands or ends. "
            "Their `id` is a position, from which `Last-Event-ID` or `after` goes on.",
        }
    }
}


@router.post("/conversations/{conversation_id}/take_over")
def take_over(
    conversation_id: str, state: State, caller: ChatCaller, _body: EmptyRequest | None = None
) -> ConversationObject:
    """Give the conversation to a person: the bot is silent until it is released. Repeating it is harmless."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        taken = conversation_object(takeovers.take_over(session, conversation_id, state.clock()))
    state.news.tell(conversation_id)
    return taken


@router.post("/conversations/{conversation_id}/replies")
def reply(
    conversation_id: str, body: SendReply, state: State, caller: ChatCaller, idempotency_key: IdempotencyKey = None
) -> MessageObject:
    """Say something to the customer as a person. With an `Idempotency-Key` repeated words are not said twice."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        said = takeovers.reply(
            session,
            conversation_id,
            _item(body),
            author=body.author or keys.get(session, caller.key_id).name,
            idempotency_key=idempotency_key,
            now=state.clock(),
        )
        shown = item_message(said)
    state.news.tell(conversation_id)
    return shown


def _item(said: SendReply) -> dict[str, Any]:
    cards = [card.model_dump(exclude_none=True) for card in said.cards]
    return message("assistant", said.content, "output_text") | ({"cards": cards} if cards else {})


async def _watcher(state: State, caller: ChatCaller, conversation_id: str) -> AsyncIterator[Watcher]:
    """Open until the stream has ended, however it ends."""
    await run_in_threadpool(_check, state, caller, conversation_id)
    with state.conversation_events.watching(conversation_id) as watcher:
        yield watcher


def _check(state: AppState, caller: ChatCaller, conversation_id: str) -> None:
    with state.database.reading() as session:
        check_owner(caller, conversations.get(session, conversation_id))


@router.get(
    "/conversations/{conversation_id}/events", response_class=StreamingResponse, responses={200: {"content": _EVENTS}}
)
async def follow(
    conversation_id: str,
    state: State,
    watcher: Annotated[Watcher, Depends(_watcher)],
    after: Annotated[str | None, Query(max_length=32, description="Go on after this event.")] = None,
    last_event_id: Annotated[str | None, Header(max_length=32)] = None,
) -> StreamingResponse:
    """Server-sent events: what is said from now on, by the customer, the bot or a colleague, and who has the conversation."""
    cursor = last_event_id or after
    since = Position.parse(cursor) if cursor else None
    stream = _events(state, watcher, conversation_id, since)
    return StreamingResponse(stream, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


async def _events(
    state: AppState, watcher: Watcher, conversation_id: str, since: Position | None
) -> AsyncIterator[bytes]:
    told: str | None = None
    events: list[bytes] | None = []
    while events is not None:
        found = await run_in_threadpool(news, state.database, conversation_id, since)
        before, since = since or found.position, found.position
        is_quiet = True
        for said, position in found.steps(before):
            for shown in messages_of(said):
                yield sse.frame(shown, event="message", id=str(position if shown.role != "user" else before))
            before, is_quiet = position, False
        if found.status != told:
            told = found.status
            yield sse.frame(ConversationStatusEvent(status=found.status), event="status", id=str(since))
        elif is_quiet:
            yield sse.KEEP_ALIVE
        events = await watcher.events(LOOK_SECONDS)
