"""A chat turn on its three hops: gateway, nlu, generation, and back to the gateway replica that asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.chat.understanding import Understanding
from shared.contracts.knowledge.recommendation import ReasonKind
from shared.contracts.media import Attachment
from shared.contracts.message import REPLY, Exchange, Message, Route, Value

PROBE = "readiness"
"""Id of the turn by which the platform asks itself whether it is ready; it is never stored."""


class PastTurn(Value):
    """One earlier exchange; the last few travel with every turn so that no service keeps a conversation."""

    user: str
    answer: str


KNOWLEDGE = "#"
"""What the topic begins with after a knowledge pair has answered; its id follows."""


class FlowState(Value):
    """A flow under way: which slots are filled, which one was asked for, and how often in vain."""

    flow: str
    slots: dict[str, str] = Field(default_factory=dict)
    asked: str | None = None
    """The slot asked for last, or ``None`` while the flow awaits its confirmation."""
    confirming: bool = False
    attempts: int = 0
    """Answers in a row that did not fill ``asked``."""
    which: tuple[str, ...] = ()
    """Values among which the customer has to choose for ``asked``, in the order shown."""


class OfferedCard(Value):
    """An item that was offered.

    Attributes:
        number: As it stands in the answer, from 1.
        item_id: Of its catalog.
        title: How it is called.
        reason: What spoke for it most.
    """

    number: int
    item_id: str
    title: str
    reason: ReasonKind | None = None


class OfferState(Value):
    """The items that a conversation was offered."""

    action: str
    """By which ``recommend`` of the bot file."""
    catalog: str
    items: tuple[OfferedCard, ...] = ()
    """Those shown last."""
    picked: tuple[str, ...] = ()
    """Ids of those that the customer chose, the last one last."""
    refused: tuple[str, ...] = ()
    """Ids of those that the customer does not want to see."""
    query: str = ""
    """What they should be about."""


class ItemAct(Value):
    """What a customer made of an item in the chat; the gateway counts it as an event of the catalog."""

    catalog: str
    item_id: str
    type: Literal["click", "dismiss"]


class DialogueState(Value):
    """All that the dialogue policy remembers between turns. Flows form a stack: the last one is active."""

    flows: tuple[FlowState, ...] = ()
    slots: dict[str, str] = Field(default_factory=dict)
    """Values known from finished flows and earlier mentions, by slot name."""
    failures: int = 0
    """Turns in a row that the bot did not understand."""
    anger: int = 0
    """Negative turns in a row."""
    offered: tuple[str, ...] = ()
    """The intents offered by the last fallback, in the order shown."""
    handed_over: bool = False
    last_at: float = 0.0
    """Unix seconds of the last message, while a person has taken over and the bot is to come back by itself; else 0."""
    summary: str = ""
    """What was said before the turns that travel along, in few words; kept where a language model answers."""
    customer: dict[str, str] = Field(default_factory=dict)
    """What may be said of the customer: ``id``, ``name``, ``language``, ``segment`` and attributes; empty without their consent."""
    proposed: dict[str, str] = Field(default_factory=dict)
    """Values read in a picture, by slot, which count once the customer has said yes."""
    offer: OfferState | None = None
    """The items that were offered last."""
    topic: str | None = None
    """What a bare value or "how long does it take?" is about: the intent or the knowledge pair that was answered last."""


class Citation(Value):
    """A knowledge pair that an answer rests on."""

    id: str
    question: str
    source: str
    score: float


class Source(Value):
    """A passage of a document that an answer rests on.

    Attributes:
        number: As it stands in the answer: ``[1]``.
        file_id: The file.
        filename: Its name.
        chunk: Position of the passage in the file, from 0.
        start: Where the sentence that bears the answer out begins in the text of the file, in characters.
        end: Where it ends.
        quote: That sentence.
        score: How well the passage fits the question (0..1).
    """

    number: int
    file_id: str
    filename: str
    chunk: int
    start: int
    end: int
    quote: str
    score: float


AnswerKind = Literal[
    "template", "flow", "knowledge", "grounded", "generated", "fallback", "handover", "silent", "blocked"
]
HandoverReason = Literal["requested", "anger", "failures", "care", "surge"]
GuardName = Literal["injection", "self_harm", "profanity", "links", "contacts", "promises", "moderation", "four_eyes"]
"""``four_eyes`` holds back what two people have to agree to."""


class GuardHit(Value):
    """A guard that saw something.

    Attributes:
        guard: Which one.
        rule: What of it was broken.
        side: In the customer's message, or in what a model wrote.
        blocked: Whether it went no further; else it is only noted.
        withheld: The sentence of a model that was not said; of ``four_eyes``, what is said once two people agree.
        values: Of ``four_eyes``: what the customer asked for, by slot.
    """

    guard: GuardName
    rule: str
    side: Literal["message", "answer"]
    blocked: bool
    withheld: str = ""
    values: dict[str, str] = Field(default_factory=dict)


class Answer(Value):
    """What the bot says, and why.

    Attributes:
        text: The words for the customer; empty when a person has taken over (kind ``silent``).
        kind: Which part of the policy produced it.
        citations: The knowledge pairs it cites.
        suggestions: Ready-made next messages, e.g. the two likeliest intents of a fallback.
        handover: Why a person is asked to take over (``requested``, ``anger``, ``failures``, ``care``, ``surge``), when that happens now.
        sources: The passages that a grounded answer rests on.
        reasons: What was tried once nothing of the bot file had an answer, step by step, and what came of it; which guard blocked it.
        guards: What the guards saw in the message and in what a model wrote.
        items: The items that it offers, or the one that was chosen.
        noted: What the customer made of items that were offered before.
    """

    text: str
    kind: AnswerKind
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    handover: HandoverReason | None = None
    sources: tuple[Source, ...] = ()
    reasons: tuple[str, ...] = ()
    guards: tuple[GuardHit, ...] = ()
    items: tuple[OfferedCard, ...] = ()
    noted: tuple[ItemAct, ...] = ()


class TurnReceived(Message):
    """A customer said something; nlu reads it."""

    TYPE: ClassVar[str] = "turn.received"
    VERSION: ClassVar[int] = 2
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "nlu")
    ADDED: ClassVar[Mapping[str, int]] = {"flagged": 2, "attachments": 2, "surging": 2}

    turn_id: str
    conversation_id: str
    text: str
    history: tuple[PastTurn, ...] = ()
    """The last turns, oldest first."""
    state: DialogueState = DialogueState()
    received_at: float
    """Unix seconds."""
    flagged: str = ""
    """The category for which the caller's moderation blocks the text."""
    attachments: tuple[Attachment, ...] = ()
    """What was read in pictures that came along; the text may then be empty."""
    surging: tuple[str, ...] = ()
    """At the beginning of a conversation: intents with which customers are angry more than usual just now."""


class TurnUnderstood(Message):
    """The turn with what the model understood of it; generation answers it."""

    TYPE: ClassVar[str] = "turn.understood"
    VERSION: ClassVar[int] = 2
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "generation")
    ADDED: ClassVar[Mapping[str, int]] = {"part_embeddings": 2, "follow_up_embedding": 2}

    turn: TurnReceived
    understanding: Understanding
    embedding: str = ""
    """The normalised sentence embedding, little-endian float16 in base64; empty if the model has none."""
    part_embeddings: tuple[str, ...] = ()
    """One for each of the understanding's parts."""
    follow_up_embedding: str = ""
    """That of the customer's last message and this one together, if this one says too little to stand alone."""


class TurnUnanswered(Message):
    """Nothing of the bot file answers the turn; a language model may. Answered by any number of ``TokensProduced``, then ``TurnAnswered``."""

    TYPE: ClassVar[str] = "turn.unanswered"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "gen.turns")

    understood: TurnUnderstood


class TurnAnswered(Message):
    """The answer, for the gateway replica that asked."""

    TYPE: ClassVar[str] = "turn.answered"
    ROUTE: ClassVar[Route] = REPLY

    turn_id: str
    conversation_id: str
    understanding: Understanding
    answer: Answer
    state: DialogueState
    bot_version: int
