"""Helping a colleague who takes over: what was said so far, and what could be said next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.chat.generation import KEEP_ALIVE_SECONDS, TextGeneration
from services.gateway.http.waiting import parts
from shared.bot.bot import Bot
from shared.contracts.chat.generation import ChatMessage, GenerateText, Sampling, TokensProduced
from shared.contracts.chat.turns import PastTurn
from shared.contracts.message import Message
from shared.dialogue.grounding.history import summary_of, trimmed
from shared.errors import Unavailable

#: Tokens of a conversation that a model is shown; of what lies before, the first words of each turn.
_SHOWN = 3_000
#: Tokens of a summary, and of a reply.
_SUMMARY, _REPLY = 250, 200

_SUM_UP = (
    "Sum up this conversation between a customer and the bot of {bot} for the colleague who takes over: what the customer wants, what was found out, "
    "what is still open. Three sentences at most, in the language of the conversation."
)
_REPLY_TO = (
    "You help a colleague at {bot}. Write the reply that the colleague could send to the customer's last message: short, kind, in the customer's "
    "language, promising nothing that is not said here."
)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a conversation, oldest first."""

    turns: Sequence[PastTurn]

    @property
    def last(self) -> str:
        """The customer's last words."""
        return self.turns[-1].user if self.turns else ""

    def in_few_words(self) -> str:
        """A summary without a model: the first words of each turn."""
        return summary_of("", self.turns)

    def shown(self) -> str:
        """As a model is shown it."""
        kept, fallen_out = trimmed(self.turns, _SHOWN)
        lines = [summary_of("", fallen_out)] if fallen_out else []
        for turn in kept:
            lines.append(f"Customer: {turn.user}")
            if turn.answer:
                lines.append(f"Bot: {turn.answer}")
        return "\n".join(lines)


def model_of(bot: Bot | None) -> str | None:
    """The language model that a bot answers with, if any."""
    if bot is None:
        return None
    grounded = bot.grounding.model if bot.grounding is not None else None
    return grounded or (bot.free_chat.model if bot.free_chat is not None else None)


def summary_request(model: str, name: str, transcript: Transcript) -> GenerateText:
    """Ask for a summary."""
    return _request(model, _SUM_UP.format(bot=name), transcript, tokens=_SUMMARY, choices=1, temperature=0.0)


def reply_request(model: str, name: str, transcript: Transcript, choices: int) -> GenerateText:
    """Ask for replies."""
    return _request(model, _REPLY_TO.format(bot=name), transcript, tokens=_REPLY, choices=choices, temperature=0.7)


async def texts(generation: TextGeneration, request: GenerateText) -> list[str]:
    """What a model writes, a text for each choice.

    Raises:
        ParleyError: It cannot, or does not in time.
    """
    written = [""] * request.choices
    stream = generation.ask(request)
    last: Message | None = None
    try:
        async for some in parts(stream, KEEP_ALIVE_SECONDS):
            last = some[-1] if some else last
            for part in some:
                if isinstance(part, TokensProduced):
                    for piece in part.pieces:
                        written[piece.choice] += piece.text
    finally:
        stream.cancel()
    if last is None:
        raise Unavailable("the language model said nothing; ask again")
    return [text.strip() for text in written]


def _request(
    model: str, prompt: str, transcript: Transcript, *, tokens: int, choices: int, temperature: float
) -> GenerateText:
    return GenerateText(
        model=model,
        messages=(
            ChatMessage(role="system", content=prompt),
            ChatMessage(role="user", content=transcript.shown()),
        ),
        sampling=Sampling(temperature=temperature, max_tokens=tokens),
        choices=choices,
    )
