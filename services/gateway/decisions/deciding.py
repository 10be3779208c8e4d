"""Asks a model questions about a text: one that reads, or one that writes, by the likelihood of the letter of each answer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from services.gateway.chat.generation import TextGeneration
from services.gateway.http.waiting import parts
from shared.contracts.chat.decisions import DecideText, DecisionQuestion, TextDecided
from shared.contracts.chat.generation import ChatMessage, GenerateText, Sampling, TextGenerated, TokensProduced
from shared.errors import Unavailable
from shared.messaging.requesting.requester import Requester
from shared.telemetry.correlation import correlation_id

#: Descriptions and examples of one message; the next one is sent when it has been answered, so that chats never wait for longer.
PER_MESSAGE = 256
#: Questions that a language model is asked at once.
_AT_ONCE = 8
#: Likeliest tokens that a language model tells; a question with more options is not for it.
_LIKELIEST = 20
#: Of the options together, below which a language model was about to say something else.
_LEAST = 0.05

_RULE = "Answer the question about the text with the letter of the best answer, and nothing else."


@dataclass(frozen=True, slots=True)
class Decided:
    """What a model says.

    Attributes:
        probabilities: Of each question's options; none where it cannot tell.
        read: Tokens read.
        written: Tokens written.
    """

    probabilities: list[tuple[float, ...]]
    read: int
    written: int = 0


class Decisions:
    """Has models decide.

    Args:
        requester: The way to those that read.
        generation: The way to those that write.
        timeout: Seconds that a model which reads may take for a message.
    """

    def __init__(self, requester: Requester, generation: TextGeneration, timeout: float) -> None:
        self._requester = requester
        self._generation = generation
        self._timeout = timeout

    async def by_reader(self, model: str, text: str, questions: Sequence[DecisionQuestion]) -> Decided:
        """Ask a model that reads, by its id.

        Raises:
            InvalidInput: It decides nothing.
            DeadlineExceeded: Nobody answered in time.
            TooManyRequests: Too many wait already.
        """
        probabilities: list[tuple[float, ...]] = []
        tokens = 0
        for some in _pieces(questions):
            message = DecideText(text=text, questions=tuple(some), model=model)
            future = self._requester.submit(message, timeout=self._timeout, correlation_id=correlation_id())
            answer = await asyncio.wrap_future(future)
            if not isinstance(answer, TextDecided):
                raise Unavailable(f"nlu answered with {type(answer).__name__}; all services must be of one version")
            probabilities += answer.probabilities
            tokens += answer.tokens
        return Decided(probabilities, tokens)

    async def by_writer(self, model: str, text: str, questions: Sequence[DecisionQuestion]) -> Decided:
        """Ask a language model.

        Raises:
            ParleyError: It cannot be asked.
        """
        room = asyncio.Semaphore(_AT_ONCE)

        async def ask(question: DecisionQuestion) -> Decided:
            async with room:
                return await self._likelihoods(model, text, question)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(question)) for question in questions]
        answers = [task.result() for task in tasks]
        return Decided(
            [one for answer in answers for one in answer.probabilities],
            sum(answer.read for answer in answers),
            sum(answer.written for answer in answers),
        )

    async def _likelihoods(self, model: str, text: str, question: DecisionQuestion) -> Decided:
        if len(question.options) > _LIKELIEST:
            return Decided([()], 0)
        sampling = Sampling(temperature=0.0, max_tokens=1, top_logprobs=_LIKELIEST)
        messages = (ChatMessage(role="system", content=_RULE), ChatMessage(role="user", content=prompt(text, question)))
        answer = self._generation.ask(GenerateText(model=model, messages=messages, sampling=sampling))
        likely: dict[str, float] = {}
        end: TextGenerated | None = None
        try:
            async for some in parts(answer, 1.0):
                for message in some:
                    if isinstance(message, TokensProduced) and not likely:
                        likely = _letters(message)
                    elif isinstance(message, TextGenerated):
                        end = message
        finally:
            answer.cancel()
        read, written = (end.prompt_tokens, end.completion_tokens) if end else (0, 0)
        told = [likely.get(letter, 0.0) for letter in ascii_uppercase[: len(question.options)]]
        total = sum(told)
        return Decided([tuple(one / total for one in told) if total >= _LEAST else ()], read, written)


def prompt(text: str, question: DecisionQuestion) -> str:
    """What a language model is asked."""
    predicate = question.kind == "predicate"
    asked = f"Is this true of the text: {question.instructions}" if predicate else question.instructions
    lines = [f"Text: {text}", f"Question: {asked}"]
    for letter, option in zip(ascii_uppercase, question.options, strict=False):
        lines += [f"Example of {letter}: {example}" for example in option.examples[:3]]
    for letter, option in zip(ascii_uppercase, question.options, strict=False):
        name = {"true": "yes", "false": "no"}.get(option.name, option.name) if predicate else option.name
        lines.append(f"{letter}) {name}" + (f": {option.description}" if option.description else ""))
    return "\n".join([*lines, "Answer:"])


def _letters(message: TokensProduced) -> dict[str, float]:
    """The probability of each letter as the first token."""
    found: dict[str, float] = {}
    for piece in message.pieces:
        for chosen in piece.logprobs[:1]:
            for token in chosen.top:
                letter = token.token.strip(" ()Ġ▁")
                if letter and letter in ascii_uppercase:
                    found[letter] = found.get(letter, 0.0) + math.exp(token.logprob)
    return found


def _pieces(questions: Iterable[DecisionQuestion]) -> Iterator[list[DecisionQuestion]]:
    """The questions in as many messages as their texts take; a text that comes again costs nothing."""
    piece: list[DecisionQuestion] = []
    texts: set[str] = set()
    for question in questions:
        new = {each for option in question.options for each in (option.description or option.name, *option.examples)}
        if piece and len(texts | new) > PER_MESSAGE:
            yield piece
            piece, texts = [], set()
        piece.append(question)
        texts |= new
    yield piece
