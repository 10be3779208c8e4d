"""``/v1/conversations/{id}/summary`` and ``/suggestions``: for the colleague who takes over."""

from __future__ import annotations

from fastapi.concurrency import run_in_threadpool

from services.gateway.chat.lookup import check_owner
from services.gateway.conversations.assisting import Transcript, model_of, reply_request, summary_request, texts
from services.gateway.conversations.schemas import (
    ConversationSummary,
    SuggestedReplies,
    SuggestedReply,
    SuggestReplies,
    SumUp,
)
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.router import resource
from services.gateway.state import AppState, State
from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from shared.contracts.knowledge.passages import SearchPassages
from shared.dialogue.grounding.quoting import quoted
from shared.dialogue.grounding.support import best_support
from shared.errors import InvalidInput
from shared.storage.chat import bots, conversations

router = resource("Conversations")

#: Turns that are looked at, the last ones.
_TURNS = 200


@router.post("/conversations/{conversation_id}/summary")
async def summary(
    conversation_id: str, state: State, caller: ChatCaller, body: SumUp | None = None
) -> ConversationSummary:
    """Sum a conversation up: by `model`, else by the one that the bot file names, else by the first words of each turn."""
    transcript, bot = await run_in_threadpool(_read, state, caller, conversation_id)
    model = await run_in_threadpool(_model, state, body.model if body else None, bot)
    if not transcript.turns:
        raise InvalidInput("Nothing has been said in this conversation yet.", param="conversation_id")
    if model is None:
        text = transcript.in_few_words()
    else:
        [text] = await texts(state.generation, summary_request(model, _name(bot), transcript))
    return ConversationSummary(conversation_id=conversation_id, summary=text, model=model, turns=len(transcript.turns))


@router.post("/conversations/{conversation_id}/suggestions")
async def suggestions(
    conversation_id: str, state: State, caller: ChatCaller, body: SuggestReplies | None = None
) -> SuggestedReplies:
    """What a colleague could reply to the customer's last words: out of the documents of the bot file, and in a model's words. Nothing is sent or stored."""
    body = body or SuggestReplies()
    transcript, bot = await run_in_threadpool(_read, state, caller, conversation_id)
    if not transcript.last:
        raise InvalidInput("The customer has said nothing yet.", param="conversation_id")
    model = await run_in_threadpool(_model, state, body.model, bot)
    found = await _from_documents(state, bot, transcript, body.n)
    if model is not None:
        request = reply_request(model, _name(bot), transcript, body.n)
        written = dict.fromkeys(text for text in await texts(state.generation, request) if text)
        found += [SuggestedReply(text=text, origin="model", model=model, file_id=None) for text in written]
    return SuggestedReplies(data=found)


async def _from_documents(state: AppState, bot: Bot | None, transcript: Transcript, most: int) -> list[SuggestedReply]:
    if bot is None or bot.grounding is None:
        return []
    how = bot.grounding
    passages = await state.passages.ask(
        SearchPassages(vector_store_ids=how.vector_stores, queries=(transcript.last,), limit=most)
    )
    judged = passages.ranking_model is not None
    return [
        SuggestedReply(
            text=quoted(transcript.last, [one]).removesuffix(" [1]"), origin="document", model=None, file_id=one.file_id
        )
        for one in passages.passages
        if best_support([one], judged=judged) >= how.min_support
    ]


def _read(state: AppState, caller: Caller, conversation_id: str) -> tuple[Transcript, Bot | None]:
    with state.database.reading() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        said = conversations.latest_words(session, conversation_id, _TURNS)
        active = bots.active(session)
    return Transcript(said), read_bot(active.source) if active is not None else None


def _model(state: AppState, asked: str | None, bot: Bot | None) -> str | None:
    """What generation calls the model that writes; ``None``: nobody does."""
    name = asked or model_of(bot)
    if name is None:
        return None
    found = state.generation.find(name)
    if found is None:
        raise InvalidInput(f"{name} writes no texts; name a language model.", param="model")
    return found


def _name(bot: Bot | None) -> str:
    return bot.name if bot is not None else "our shop"
