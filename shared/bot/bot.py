"""A bot: its intents, slots, flows, answers and knowledge, as one bot file declares them."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from shared.bot.guarding import Guards
from shared.bot.parts import (
    AnyReply,
    Label,
    Labels,
    Language,
    Languages,
    Name,
    Part,
    Phrase,
    Phrases,
    SomeTexts,
    Text,
    Texts,
)
from shared.bot.recommending import Recommend
from shared.bot.review import Review
from shared.bot.slot import Slot
from shared.bot.wording import Control, Fallback, Wording
from shared.bot.writing import FreeChat, Grounding

Share = Annotated[float, Field(ge=0, le=1)]


class Settings(Part):
    """Limits of the dialogue.

    Attributes:
        min_confidence: Intents below it count as not understood (0..1).
        interrupt_confidence: An intent that cuts into a question whose answer the message seems to hold must reach it.
        act_confidence: An intent that agrees to something or ends it, without words that do so, must reach it.
        knowledge_score: Cosine from which a knowledge pair answers a message that no intent does.
        knowledge_over_answer: Cosine from which a knowledge pair goes before the answer of an intent; null: never.
        knowledge_without_words: Cosine that a message of one or two words needs if none of them occurs in the pair's questions.
        attempts: Answers in vain after which help is offered; the next one hands over.
        day_first: Whether 03/05 is the third of May.
        timezone: Where "today" is, as an IANA name.
    """

    min_confidence: Share = 0.4
    interrupt_confidence: Share = 0.8
    act_confidence: Share = 0.7
    knowledge_score: Share = 0.55
    knowledge_over_answer: Share | None = 0.72
    knowledge_without_words: Share = 0.75
    attempts: Annotated[int, Field(ge=1, le=20)] = 2
    day_first: bool = True
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (OSError, ValueError, KeyError):
            raise ValueError(
                f"no time zone {timezone!r} is known here; use an IANA name such as Europe/Berlin"
            ) from None
        return timezone


class Intent(Part):
    """An intent that the model tells apart.

    Attributes:
        title: How it is offered to customers.
        offer: Whether a fallback may offer it; nobody wants to be offered a greeting.
        follow_up: Said when the customer asks on about it ("how long does it take?"); without it the answer is given again.
    """

    title: Phrase
    offer: bool = True
    follow_up: AnyReply | None = None


class Flow(Part):
    """A task for which values are collected.

    Attributes:
        title: How the bot calls it: "Back to *your flight search*: …".
        intents: What starts it.
        required: The slots asked for, in this order.
        optional: Slots that are taken when mentioned, never asked for.
        opening: Said before the first question.
        confirm: The question before the end; without it the flow ends once it is filled.
        confirm_when: ``remembered``: only if the last message told nothing of what the flow needs, since it was known before.
        answer: The end.
        interrupted_by: Which intents may cut in; ``all`` or a list.
    """

    title: Phrase
    intents: Annotated[Labels, Field(min_length=1)]
    required: Annotated[tuple[Name, ...], Field(min_length=1)]
    optional: tuple[Name, ...] = ()
    opening: AnyReply | None = None
    confirm: AnyReply | None = None
    confirm_when: Literal["always", "remembered"] = "always"
    answer: AnyReply
    interrupted_by: Literal["all"] | tuple[Label, ...] = "all"


class KnowledgePair(Part):
    """A question with its answer; ``also`` are other wordings, ``source`` is cited."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=64)]
    question: Phrase
    also: Phrases = ()
    answer: Text
    source: Phrase


class Handover(Part):
    """When a person takes over, and what is said then.

    Attributes:
        intents: Requests for a person.
        surge: Said to whoever comes with a wish on which an alert of angry customers fires; without: the bot answers as ever.
        anger_turns: Negative messages in a row.
        anger_confidence: How sure the model must be that a message is negative, for it to count as anger (0..1).
        very_negative: Sentiment score (-1..1) below which the second negative message in a row is enough.
        failure_turns: Messages in a row that were not understood.
        release_after: Minutes without a message after which the bot answers again; null: only when it is told to.
    """

    intents: Labels = ()
    requested: SomeTexts
    anger: SomeTexts
    failures: SomeTexts
    surge: Texts = ()
    anger_turns: Annotated[int, Field(ge=1, le=20)] = 3
    anger_confidence: Share = 0.75
    very_negative: Annotated[float, Field(ge=-1, le=0)] = -0.9
    failure_turns: Annotated[int, Field(ge=1, le=20)] = 3
    release_after: Annotated[int, Field(ge=1, le=43_200)] | None = None


class Bot(Part):
    """A whole bot file; ``shared.bot.bot_file.read_bot`` makes one, and checks what refers to what.

    Attributes:
        language: The main one.
        languages: All that the bot understands; customers in others are told so. Without them nobody is.
    """

    version: Literal[1]
    name: Phrase
    language: Language = "en"
    languages: Languages = ()
    settings: Settings = Settings()
    intents: Annotated[dict[Label, Intent], Field(min_length=1)]
    control: Control = Control()
    slots: dict[Name, Slot] = Field(default_factory=dict)
    flows: dict[Name, Flow] = Field(default_factory=dict)
    answers: dict[Label, AnyReply] = Field(default_factory=dict)
    recommend: dict[Name, Recommend] = Field(default_factory=dict)
    knowledge: tuple[KnowledgePair, ...] = ()
    guards: Guards = Guards()
    review: Review = Review()
    grounding: Grounding | None = None
    free_chat: FreeChat | None = None
    handover: Handover
    fallback: Fallback = Fallback()
    wording: Wording = Wording()

    def flow_started_by(self, intent: str) -> str | None:
        """The name of the flow that an intent starts."""
        return next((name for name, flow in self.flows.items() if intent in flow.intents), None)

    def recommended_by(self, intent: str) -> str | None:
        """The name of what is offered on an intent."""
        return next((name for name, one in self.recommend.items() if intent in one.intents), None)

    def handles(self, intent: str) -> bool:
        """Whether something is said or done for an intent outside a flow."""
        begins = self.flow_started_by(intent) is not None or self.recommended_by(intent) is not None
        return begins or intent in self.answers or intent in self.handover.intents
