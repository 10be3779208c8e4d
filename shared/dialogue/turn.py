"""One turn as the policy sees it: what was said, what it means, and how to word an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from hashlib import blake2b

from shared.bot.bot import Bot, KnowledgePair
from shared.bot.parts import Reply
from shared.bot.template import CUSTOMER, about_customer, fill
from shared.bot.wording import Signal
from shared.contracts.chat.turns import Answer, DialogueState, GuardHit
from shared.contracts.chat.understanding import OUT_OF_SCOPE, UNDETERMINED, EntitySpan, Understanding
from shared.contracts.media import Attachment
from shared.dialogue import acts
from shared.dialogue.guards.messages import seen
from shared.dialogue.values.slots import SlotReader
from shared.dialogue.values.words import in_words
from shared.text.clauses import word_count
from shared.text.follow_ups import follows_up, goes_on

#: A shorter message in Latin letters tells nothing about its language: "Rio de Janeiro".
_FOREIGN_WORDS = 4
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")


@dataclass(frozen=True, slots=True)
class Match:
    """The knowledge pair nearest to a message, with its cosine (-1..1)."""

    pair: KnowledgePair
    score: float


Search = Callable[[], Match | None]
"""Looks the message up in the knowledge; called once at most."""


SearchInContext = Callable[[str | None], Match | None]
"""The same for a message and the one before it together; the pair with the given id is left out."""


@dataclass(frozen=True, slots=True)
class Searches:
    """Ways into the knowledge for one message.

    Attributes:
        own: Looks the message up.
        parts: One for each of its clauses, where it has several.
        in_context: Looks it up behind the customer's message before it, where it says too little to stand alone.
    """

    own: Search
    parts: tuple[Search, ...] = ()
    in_context: SearchInContext | None = None


Outcome = tuple[Answer, DialogueState]
"""What is said, and what is remembered."""


@dataclass(frozen=True)
class Turn:
    """Everything that one decision rests on.

    Attributes:
        text: What was said, in its one form (see ``shared.text``).
        entities: Those of the understanding, where they stand in ``text``.
        earlier_turns: Past turns that came along; with the text it chooses among variants of an answer, so that the
            same conversation always gets the same words.
        at: Unix seconds at which it was said.
        picked: The intent that the customer chose from an offer, which then counts as certain.
        search_in_context: Looks the message up together with the customer's one before it, if this one says too little.
        cited: The knowledge pair that answered last, by its id. "And to Japan?" asks for another one.
        earlier: Values known before it, by slot.
        parts: Its clauses as turns of their own, if it has several.
        customer: What may be said of the customer, by name.
        attachments: What was read in the pictures that came along.
        proposed: Values that the customer was asked about just now, by slot.
        flagged: The category for which the caller's moderation blocks it.
        surging: Intents with which customers are angry more than usual just now.
    """

    bot: Bot
    text: str
    understanding: Understanding
    entities: tuple[EntitySpan, ...]
    earlier_turns: int
    today: date
    search: Search
    at: float = 0.0
    picked: str | None = None
    search_in_context: SearchInContext | None = None
    cited: str | None = None
    earlier: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Turn, ...] = ()
    customer: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    proposed: Mapping[str, str] = field(default_factory=dict)
    flagged: str = ""
    surging: tuple[str, ...] = ()

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
        likeliest = self.understanding.intent if self.text.strip() else None
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
        """Whether the customer seems displeased."""
        sentiment = self.understanding.sentiment if self.text.strip() else None
        return sentiment is not None and sentiment.label == "negative"

    @cached_property
    def guards(self) -> tuple[GuardHit, ...]:
        """What the guards of the bot see in the message."""
        hits = seen(self.bot.guards, self.text)
        if not self.flagged:
            return hits
        return (*hits, GuardHit(guard="moderation", rule=self.flagged, side="message", blocked=True))

    @cached_property
    def follows_up(self) -> bool:
        """Whether the message is about the one before it, without saying so."""
        return follows_up(self.text)

    @cached_property
    def match(self) -> Match | None:
        """The knowledge pair nearest to the text; to a follow-up, nearest to it and to the message before it together."""
        in_context = self.search_in_context if self.follows_up else None
        return self.search() if in_context is None else in_context(self.cited if goes_on(self.text) else None)

    @cached_property
    def told(self) -> dict[str, str]:
        """Values in the message that later flows may take over, by slot."""
        told = {name: self._told(name) for name, slot in self.bot.slots.items() if slot.remember}
        return {name: value for name, value in told.items() if value is not None}

    def _told(self, name: str) -> str | None:
        slot = self.bot.slots[name]
        found = [
            one
            for entity in self.entities
            if entity.label in slot.entities
            for one in self.reader.of_span(name, self.text, entity.start, entity.end)
        ]
        values = [one.value for one in found if not one.rejected and self.reader.fits(name, one.value)]
        return values[-1] if values else None

    @cached_property
    def is_foreign(self) -> bool:
        """Whether the message is in a language that the bot does not know. A few words of Latin letters may be a name."""
        language, known = self.understanding.language, self.bot.languages
        if not self.text.strip() or not known or language == UNDETERMINED or language in known:
            return False
        return word_count(self.text) >= _FOREIGN_WORDS or _LATIN.search(self.text) is None

    @cached_property
    def reader(self) -> SlotReader:
        """Reads slot values as of today."""
        return SlotReader(self.bot, self.today)

    def means(self, signal: Signal) -> bool:
        """Whether the customer gives a signal, by intent or by words."""
        return self.intent in signal.intents or self.says(signal)

    def says(self, signal: Signal) -> bool:
        """Whether the words are a signal: one word must be all of the message but fillers, several may stand anywhere in it."""
        return any(acts.says(self.words, phrase) for phrase in signal.words)

    def agrees(self) -> bool:
        """A plain yes: nothing but agreement, in words or by a model that is sure of it. "Yes, but not tomorrow" is none."""
        yes = self.bot.control.yes
        if acts.consists_of(self.words, yes.words):
            return not acts.asks(self.text)
        return self._surely(yes) and not acts.is_qualified(self.text, self.words)

    def refuses(self) -> bool:
        """A no that ends something: in words, or by a model that is sure of it. "Hmm, not sure" is none."""
        no = self.bot.control.no
        if acts.leaves_it(self.text) or acts.waits(self.text):
            return False
        in_words = acts.consists_of(self.words, (*no.words, *self.bot.control.cancel.words))
        return in_words or (self._surely(no) and not acts.asks(self.text))

    def _surely(self, signal: Signal) -> bool:
        sure = self.confidence >= self.bot.settings.act_confidence and not self.is_foreign
        return self.intent in signal.intents and sure

    def steers(self) -> bool:
        """Whether the intent only steers a flow (yes, no, bare values)."""
        return self.intent in self._steering

    def titled(self, intent: str) -> bool:
        """Whether the text is the title of an intent: somebody pressed the suggestion."""
        return self.words == in_words(self.bot.intents[intent].title)

    def can_offer(self, intent: str) -> bool:
        """Whether an intent is something that a customer may be offered."""
        known = self.bot.intents.get(intent) if intent != OUT_OF_SCOPE else None
        return known is not None and known.offer and self.bot.handles(intent) and intent not in self._steering

    def say(self, texts: Sequence[str], **values: str) -> str:
        """One of the texts, with its placeholders filled."""
        return fill(self._variant(texts), self._of_customer | values)

    def ask(self, texts: Sequence[str], slots: Mapping[str, str]) -> str:
        """One of the texts, with the slots in it shown."""
        return fill(self._variant(texts), self._of_customer | self._shown(slots))

    def reply(self, reply: Reply, slots: Mapping[str, str]) -> str:
        """One of the texts that suit the customer's segment and tone, with the slots in it shown."""
        sentiment = self.understanding.sentiment.label if self.understanding.sentiment else "neutral"
        tones = reply.segments.get(self.customer.get("segment", ""), reply)
        return self.ask(tones.suiting(sentiment), slots)

    def listed(self, slots: Mapping[str, str]) -> str:
        """Values with the titles of their slots, as a sentence lists them."""
        shown = self._shown(slots)
        return ", ".join(f"{self.bot.slots[name].title} {shown[name]}" for name in slots)

    @property
    def _steering(self) -> tuple[str, ...]:
        control = self.bot.control
        return (*control.yes.intents, *control.no.intents, *control.values.intents)

    @property
    def _of_customer(self) -> dict[str, str]:
        return {CUSTOMER + name: value for name, value in self.customer.items()}

    def _variant(self, texts: Sequence[str]) -> str:
        """One of the texts that say nothing of the customer but what is known; those that say something, if there are such."""
        fitting = [(about_customer(text), text) for text in texts]
        fitting = [(told, text) for told, text in fitting if told <= self.customer.keys()]
        texts = [text for told, text in fitting if told] or [text for _, text in fitting]
        digest = blake2b(f"{self.earlier_turns}\n{self.text}".encode("utf-8", "replace"), digest_size=8).digest()
        return texts[int.from_bytes(digest, "big") % len(texts)]

    def _shown(self, slots: Mapping[str, str]) -> dict[str, str]:
        defaults = {name: slot.default for name, slot in self.bot.slots.items() if slot.default is not None}
        return defaults | {name: self.reader.shown(name, value) for name, value in slots.items()}
