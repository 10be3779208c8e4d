"""``POST /v1/chat/completions``."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from services.gateway.attachments.hearing import heard
from services.gateway.chat.answerer import language_model
from services.gateway.chat.customers import named
from services.gateway.chat.generated import GeneratedCompletion
from services.gateway.chat.generating import generated
from services.gateway.chat.live import Event, LiveTurn
from services.gateway.chat.lookup import ConversationContext
from services.gateway.chat.moderating import reviewing
from services.gateway.chat.objects import chunks, completion, live_chunks
from services.gateway.chat.schemas import MODELS, NOBODYS, ChatCompletion, ChatRequest
from services.gateway.chat.storing import keeping
from services.gateway.chat.transcript import TranscriptMessage, transcript_hash
from services.gateway.chat.turns import Listener, Utterance
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies import no_effect, sse
from services.gateway.http.errors import event_of
from services.gateway.http.router import IdempotencyKey, resource
from services.gateway.moderations.policy import Moderated
from services.gateway.state import AppState, State
from shared.errors import ParleyError
from shared.storage.tables.core import Turn

router = resource("Chat")

_STREAM = {
    "text/event-stream": {"schema": {"type": "string", "description": "`data:` lines with chunks, then `[DONE]`."}}
}


@router.post(
    "/chat/completions", response_model=ChatCompletion | GeneratedCompletion, responses={200: {"content": _STREAM}}
)
async def create(
    request: Request, body: ChatRequest, state: State, caller: ChatCaller, idempotency_key: IdempotencyKey = None
) -> ChatCompletion | GeneratedCompletion | Response:
    """Answer the last message.

    The messages before it tell which conversation it continues; `conversation_id` names one instead. A turn is answered
    only after it is stored, so a stream carries the stored answer, word by word. Where the bot file lets a language model answer,
    what it writes comes as it is written, and the turn is stored at its end.

    If `model` is a language model (its id, `parley/NAME`, or the name of an engine) it goes on with the messages: nothing is
    stored, and a stream carries tokens as they come.
    """
    keep = keeping(state.database, caller, body, state.clock())
    moderated = Moderated(state.moderator, body.moderation)
    model = await language_model(state.generation, state.database, body.model)
    names = no_effect.ignored(body, NOBODYS if model else (*NOBODYS, *MODELS))
    if model is not None:
        return await generated(request, body, state.generation, model, keep, moderated, names)
    body.refuse_what_a_bot_cannot_keep()

    async def answered(listener: Listener | None) -> Turn:
        told = None if moderated.holds_back else listener
        turn = await _answer(body, state, caller, idempotency_key, told, moderated)
        if body.store:
            await keep(completion(turn))
        return turn

    if not body.stream:
        turn = await answered(None)
        return no_effect.replied(completion(turn, moderated.for_chat()), names)
    live = LiveTurn.begin(answered)
    coming = live.events()
    first = await anext(coming)
    if isinstance(first, ParleyError):
        raise first
    with_usage = body.stream_options is not None and body.stream_options.include_usage
    frames = _frames(live, first, coming, moderated, with_usage=with_usage)
    return StreamingResponse(frames, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS | no_effect.headers(names))


async def _answer(
    body: ChatRequest,
    state: AppState,
    caller: Caller,
    idempotency_key: str | None,
    listener: Listener | None,
    moderated: Moderated,
) -> Turn:
    said = [TranscriptMessage(message.role, message.transcript) for message in body.said]
    last = body.said[-1]

    def digest_of(answer: str) -> str:
        return transcript_hash(caller.key_id, body.user, [*said, TranscriptMessage("assistant", answer)])

    async def find() -> ConversationContext:
        if body.conversation_id is not None:
            return await state.conversations.in_conversation(caller, body.conversation_id)
        customer = named(body.metadata, body.user, body.safety_identifier)
        return await state.conversations.after_messages(
            caller, body.user, said[:-1], state.clock(), body.metadata, customer
        )

    text = await heard(state.audio, last.text, last.sounds, "messages") if last.sounds else last.text
    utterance = Utterance(
        text,
        idempotency_key,
        digest_of,
        body.conversation_id,
        attachments=await state.attachments.read(caller, last.pictures, "messages"),
        flagged=await moderated.flagged_input(text) or "",
        review=reviewing(moderated, state.database),
    )
    return await state.turns.answer(caller, utterance, find, listener)


async def _frames(
    live: LiveTurn, first: Event, coming: AsyncIterator[Event], moderated: Moderated, *, with_usage: bool
) -> AsyncIterator[bytes]:
    """The stored answer, word by word; what a model writes, as it comes, and then what the stored turn adds."""
    told = ""
    event: Event | None = first
    while event is not None:
        if isinstance(event, ParleyError):
            yield sse.frame(event_of(event))
        elif isinstance(event, Turn):
            for chunk in chunks(event, with_usage=with_usage, after=told, moderation=moderated.for_chat()):
                yield sse.frame(chunk)
        elif not event:
            yield sse.KEEP_ALIVE
        else:
            for chunk in live_chunks(live.listener, event, first=not told):
                yield sse.frame(chunk)
            told += event
        event = await anext(coming, None)
    yield sse.DONE
