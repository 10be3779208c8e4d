"""One turn as the policy sees it: what was said, what it means, and how to word an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from hashlib import blake2b

from shared.bot.bot import Bot, KnowledgePair
from shared.bot.parts import Reply
from shared.bot.template import fill
from shared.bot.wording import Signal
from shared.contracts.chat import Answer, DialogueState
from shared.contracts.understanding import OUT_OF_SCOPE, Understanding
from shared.dialogue.values.slots import SlotReader
from shared.dialogue.values.words import in_words, says


@dataclass(frozen=True, slots=True)
class Match:
    """The knowledge pair nearest to a message, with its cosine (-1..1)."""

    pair: KnowledgePair
    score: float


Search = Callable[[], Match | None]
"""Looks the message up in the knowledge; called once at most."""


Outcome = tuple[Answer, DialogueState]
"""What is said, and what is remembered."""


@dataclass(frozen=True)
class Turn:
    """Everything that one decision rests on.

    Attributes:
        earlier_turns: Past turns that came along; with the text it chooses among variants of an answer, so that the
            same conversation always gets the same words.
        picked: The intent that the customer chose from an offer, which then counts as certain.
    """

    bot: Bot
    text: str
    understanding: Understanding
    earlier_turns: int
    today: date
    search: Search
    picked: str | None = None

    def picking(self, intent: str) -> Turn:
        """The same turn with its intent chosen by the customer."""
        return replace(self, picked=intent)

    @cached_property
    def words(self) -> str:
        """The text, ready to be compared with phrases."""
        return in_words(self.text)

    @cached_property
    def intent(self) -> str | None:
        """The intent, if the model is confident of one that means something to the bot."""
        if self.picked is not None:
            return self.picked
        likeliest = self.understanding.intent
        if likeliest is None or likeliest.name == OUT_OF_SCOPE:
            return None
        if likeliest.name not in self.bot.intents and likeliest.name not in self._steering:
            return None
        return likeliest.name if likeliest.confidence >= self.bot.settings.min_confidence else None

    @property
    def confidence(self) -> float:
        """How sure the intent is (0..1)."""
        if self.picked is not None:
            return 1.0
        return self.understanding.intent.confidence if self.understanding.intent else 0.0

    @property
    def negative(self) -> bool:
        """Whether the customer is displeased."""
        return self.understanding.sentiment is not None and self.understanding.sentiment.label == "negative"

    @cached_property
    def match(self) -> Match | None:
        """The knowledge pair nearest to the text."""
        return self.search()

    @cached_property
    def reader(self) -> SlotReader:
        """Reads slot values as of today."""
        return SlotReader(self.bot, self.today)

    def means(self, signal: Signal) -> bool:
        """Whether the customer gives a signal, by intent or by words."""
        return self.intent in signal.intents or any(says(self.words, phrase) for phrase in signal.words)

    def steers(self) -> bool:
        """Whether the intent only steers a flow (yes, no, bare values)."""
        return self.intent in self._steering

    def titled(self, intent: str) -> bool:
        """Whether the text is the title of an intent: somebody pressed the suggestion."""
        return self.words == in_words(self.bot.intents[intent].title)

    def can_offer(self, intent: str) -> bool:
        """Whether an intent is something that a customer may be offered."""
        known = self.bot.intents.get(intent)
        return known is not None and known.offer and self.bot.handles(intent) and intent not in self._steering

    def say(self, texts: Sequence[str], **values: str) -> str:
        """One of the texts, with its placeholders filled."""
        return fill(self._variant(texts), values)

    def ask(self, texts: Sequence[str], slots: Mapping[str, str]) -> str:
        """One of the texts, with the slots in it shown."""
        return fill(self._variant(texts), self._shown(slots))

    def reply(self, reply: Reply, slots: Mapping[str, str]) -> str:
        """One of the texts that suit the customer's tone, with the slots in it shown."""
        sentiment = self.understanding.sentiment.label if self.understanding.sentiment else "neutral"
        texts = {"negative": reply.negative, "positive": reply.positive}.get(sentiment) or reply.templates
        return self.ask(texts, slots)

    @property
    def _steering(self) -> tuple[str, ...]:
        control = self.bot.control
        return (*control.yes.intents, *control.no.intents, *control.values.intents)

    def _variant(self, texts: Sequence[str]) -> str:
        digest = blake2b(f"{self.earlier_turns}\n{self.text}".encode("utf-8", "replace"), digest_size=8).digest()
        return texts[int.from_bytes(digest, "big") % len(texts)]

    def _shown(self, slots: Mapping[str, str]) -> dict[str, str]:
        defaults = {name: slot.default for name, slot in self.bot.slots.items() if slot.default is not None}
        return defaults | {name: self.reader.shown(name, value) for name, value in slots.items()}
