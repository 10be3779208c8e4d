"""Who answers a response, and what is kept of it: the same whether somebody waits or it is written in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi.concurrency import run_in_threadpool

from services.gateway.attachments.hearing import heard
from services.gateway.attachments.reading import Attachments
from services.gateway.audio.client import Audio
from services.gateway.chat.answerer import language_model
from services.gateway.chat.customers import named
from services.gateway.chat.generation import TextGeneration
from services.gateway.chat.lookup import ConversationContext, ConversationLookup
from services.gateway.chat.moderating import reviewing
from services.gateway.chat.sampling import SamplingOptions
from services.gateway.chat.transcript import TranscriptMessage, transcript_hash
from services.gateway.chat.turns import Turns, Utterance
from services.gateway.conversations.items import stored, transcript
from services.gateway.http.access.keyring import Caller
from services.gateway.moderations.moderator import Moderator
from services.gateway.moderations.policy import Moderated
from services.gateway.responses.context import chat_messages, said_before, turn_before
from services.gateway.responses.objects import answered, said_item, turn_id_of
from services.gateway.responses.schemas import CreateResponse, Prompt
from services.gateway.responses.tools import tools_of
from shared.contracts.chat.generation import GenerateText, Sampling
from shared.errors import InvalidInput
from shared.messaging.requesting.reply_stream import ReplyStream
from shared.storage.chat import conversation_items, conversations, responses
from shared.storage.database.engine import Database, Session
from shared.storage.tables.core import Response, Turn


class ResponseSampling(SamplingOptions):
    """The fields of such a request that language models know."""

    max_output_tokens: int | None = None

    def of_text(self, body: CreateResponse) -> Sampling:
        """As it travels."""
        return self.sampling().model_copy(
            update={
                "max_tokens": self.max_output_tokens,
                "top_logprobs": (self.top_logprobs or 0) if body.wants_logprobs else None,
                "json_schema": body.text.format.json_schema if body.text else None,
            }
        )


class Answering:
    """Answers responses.

    Args:
        database: Where they are kept.
        turns: Answers as a bot.
        lookup: Finds the conversations of these.
        generation: The way to language models.
        moderator: Judges, where a request asks for that.
        attachments: Reads pictures that come along.
        audio: Hears sounds that come along.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        turns: Turns,
        lookup: ConversationLookup,
        generation: TextGeneration,
        moderator: Moderator,
        attachments: Attachments,
        audio: Audio,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._turns = turns
        self._lookup = lookup
        self._generation = generation
        self._moderator = moderator
        self._attachments = attachments
        self._audio = audio
        self._clock = clock

    async def writer(self, name: str) -> str | None:
        """The language model of that name; ``None``: the bot answers.

        Raises:
            NotFound: There is no such model.
            InvalidInput: It answers nothing.
        """
        return await language_model(self._generation, self._database, name)

    def moderated(self, body: CreateResponse) -> Moderated:
        """What is to be judged of a request."""
        return Moderated(self._moderator, body.moderation)

    async def by_bot(
        self, caller: Caller, body: CreateResponse, row: Response, idempotency_key: str | None, moderated: Moderated
    ) -> tuple[Response, Turn]:
        """Answer with a turn of the bot; a repeated request finds the turn that the first one made.

        Raises:
            ParleyError: See ``Turns.answer``.
        """
        said = [TranscriptMessage(item.role or "user", item.transcript) for item in body.said]

        def digest_of(answer: str) -> str:
            return transcript_hash(caller.key_id, body.user, [*said, TranscriptMessage("assistant", answer)])

        async def find() -> ConversationContext:
            return await self._place(caller, body, said)

        keep = body.store is not False and not row.background
        question, sounds = body.question(), body.said[-1].sounds
        if sounds:
            question = await heard(self._audio, question, sounds, "input")
        utterance = Utterance(
            question,
            idempotency_key,
            digest_of if body.previous_response_id is None else None,
            body.conversation_id,
            turn_id=turn_id_of(row.id),
            answers=(lambda turn: answered(row, turn)) if keep else None,
            attachments=await self._attachments.read(caller, body.said[-1].pictures, "input"),
            flagged=await moderated.flagged_input(question) or "",
            review=reviewing(moderated, self._database),
        )
        turn = await self._turns.answer(caller, utterance, find)
        if turn.id != turn_id_of(row.id):
            row = await run_in_threadpool(self._first, row, turn)
        return answered(row, turn), turn

    async def _place(self, caller: Caller, body: CreateResponse, said: list[TranscriptMessage]) -> ConversationContext:
        if body.conversation_id is not None:
            return await self._lookup.in_conversation(caller, body.conversation_id)
        customer = named(body.metadata, body.user, body.safety_identifier)
        if body.previous_response_id is None:
            return await self._lookup.after_messages(
                caller, body.user, said[:-1], self._clock(), body.metadata, customer
            )
        turn, before = await run_in_threadpool(self._before, caller, body)
        if turn is not None:
            return await self._lookup.after_turn(caller, turn, self._clock())
        return await self._lookup.after_words(caller, [*before, *said[:-1]], self._clock(), body.metadata, customer)

    def _before(self, caller: Caller, body: CreateResponse) -> tuple[Turn | None, list[TranscriptMessage]]:
        with self._database.reading() as session:
            turn = turn_before(session, caller, body.previous_response_id or "")
            return turn, [] if turn is not None else transcript(said_before(session, caller, body))

    def _first(self, row: Response, turn: Turn) -> Response:
        """The response that a turn was stored for; a turn that answers none (it was not kept) is shown as one."""
        response_id = f"resp_{turn.id.removeprefix('turn_')}"
        with self._database.reading() as session:
            stored = responses.find(session, response_id)
        return stored or row.model_copy(update={"id": response_id, "created_at": turn.created_at})

    def question(self, caller: Caller, body: Prompt, model: str, sampling: Sampling) -> GenerateText:
        """What a language model is asked. Blocks.

        Raises:
            NotFound: What it continues is not there.
            InvalidInput: It cannot be asked so.
        """
        tools = tools_of(body)
        if any(item.pictures or item.sounds for item in body.items):
            raise InvalidInput(
                "Language models read no pictures and hear nothing here; a bot does (model 'parley').",
                param="input",
                code="text_only",
            )
        with self._database.reading() as session:
            before = said_before(session, caller, body)
            if body.conversation_id is not None:
                _require_open(session, body.conversation_id)
        asked = stored(body.items)
        messages = tuple(chat_messages(body.instructions, [*before, *asked]))
        return GenerateText(model=model, messages=messages, sampling=sampling, tools=tools)

    def ask(self, question: GenerateText) -> ReplyStream:
        """Send it to the model.

        Raises:
            TooManyRequests: Too many wait already.
            Unavailable: The broker is away.
        """
        return self._generation.ask(question)

    def keep(self, row: Response, outcome: Mapping[str, Any]) -> Response:
        """Store an answered response, and in its conversation what was said. Blocks.

        Raises:
            AlreadyExists: Another request with its idempotency key came first.
            InvalidInput: Its conversation has ended meanwhile.
        """
        done = row.model_copy(update=dict(outcome))
        if row.request.get("store") is False and row.conversation_id is None:
            return done
        with self._database.transaction() as session:
            add_to_conversation(session, done, self._clock())
            if row.request.get("store") is not False:
                responses.add(session, done)
        return done

    def repeated(self, caller: Caller, row: Response) -> Response | None:
        """What an earlier request with the same idempotency key was answered with. Blocks.

        Raises:
            InvalidInput: That asked for something else.
        """
        if row.idempotency_key is None:
            return None
        with self._database.reading() as session:
            found = responses.by_idempotency_key(session, caller.key_id, row.idempotency_key)
        if found is None:
            return None
        if found.request != row.request or _said(found) != _said(row):
            raise InvalidInput(
                "This Idempotency-Key was used for another response; use a new one for each.",
                param="Idempotency-Key",
                code="idempotency_key_reused",
            )
        return found


def add_to_conversation(session: Session, row: Response, now: float) -> None:
    """Say in its conversation what a response was asked and answered."""
    if row.conversation_id is not None and row.output is not None:
        said = [said_item(item) for item in [*row.input, *row.output]]
        conversation_items.add(session, row.conversation_id, said, now)


def _require_open(session: Session, conversation_id: str) -> None:
    if conversations.get(session, conversation_id).status == "ended":
        raise InvalidInput(
            "This conversation has ended; begin another one.", param="conversation", code="conversation_ended"
        )


def _said(row: Response) -> list[dict[str, Any]]:
    return [said_item(item) for item in row.input]
