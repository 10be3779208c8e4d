"""``POST /v1/chat/completions``."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from services.gateway import sse
from services.gateway.auth import ChatCaller
from services.gateway.completions import chunks, completion
from services.gateway.digest import Said, digest
from services.gateway.gateway import Gateway, Here
from services.gateway.keyring import Caller
from services.gateway.places import Place
from services.gateway.routes.router import IdempotencyKey, resource
from services.gateway.schemas.chat import ChatCompletion, ChatRequest
from services.gateway.texts import ALIAS
from services.gateway.turns import Utterance
from shared.errors import InvalidInput
from shared.storage import models
from shared.storage.tables import Turn

router = resource("Chat")

_STREAM = {
    "text/event-stream": {"schema": {"type": "string", "description": "`data:` lines with chunks, then `[DONE]`."}}
}


@router.post("/chat/completions", response_model=ChatCompletion, responses={200: {"content": _STREAM}})
async def create(
    body: ChatRequest, here: Here, caller: ChatCaller, idempotency_key: IdempotencyKey = None
) -> ChatCompletion | Response:
    """Answer the last message.

    The messages before it tell which conversation it continues; `conversation_id` names one instead. A turn is answered
    only after it is stored, so a stream carries the stored answer, word by word.
    """
    if body.model != ALIAS:
        await run_in_threadpool(_check_in_production, here, body.model)
    turn = await _answer(body, here, caller, idempotency_key)
    if not body.stream:
        return completion(turn)
    with_usage = body.stream_options is not None and body.stream_options.include_usage
    return StreamingResponse(_frames(turn, with_usage=with_usage), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


async def _answer(body: ChatRequest, here: Gateway, caller: Caller, idempotency_key: str | None) -> Turn:
    said = [Said(message.role, message.text) for message in body.messages]

    def digest_of(answer: str) -> str:
        return digest(caller.key_id, body.user, [*said, Said("assistant", answer)])

    async def find() -> Place:
        if body.conversation_id is not None:
            return await here.places.in_conversation(caller, body.conversation_id)
        return await here.places.after_messages(caller, body.user, said[:-1], here.clock(), body.metadata)

    return await here.turns.answer(
        caller, Utterance(said[-1].content, idempotency_key, digest_of, body.conversation_id), find
    )


def _check_in_production(here: Gateway, model_id: str) -> None:
    with here.database.reading() as session:
        task = models.get(session, model_id).task
        production = models.production(session, task)
    if production != model_id:
        raise InvalidInput(
            f"{model_id} is not in production, and only that model answers chats: use the model '{ALIAS}', promote "
            "this one, or read texts with it through /v1/analyze.",
            param="model",
            code="model_not_in_production",
        )


async def _frames(turn: Turn, *, with_usage: bool) -> AsyncIterator[bytes]:
    for chunk in chunks(turn, with_usage=with_usage):
        yield sse.frame(chunk)
    yield sse.DONE
