"""Why a stored turn was answered as it was: asked of nlu, which reads it again, and answered by generation, which decides it again."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.chat.turns import AnswerKind, TurnReceived, TurnUnderstood
from shared.contracts.message import REPLY, Exchange, Message, Route, Value


class WordEffect(Value):
    """What a word of the customer's text did: the difference that leaving it out makes.

    Attributes:
        start: Where it begins in the text, in code points.
        end: Where it ends, exclusive.
        text: The word; of a long text several that stand together.
        intent: By how much the probability of the intent falls without it (-1..1); ``None`` if the model tells none.
        sentiment: By how much the sentiment score falls without it (-2..2): above 0, it made the text more positive.
    """

    start: int
    end: int
    text: str
    intent: float | None = None
    sentiment: float | None = None


class NearestRow(Value):
    """A training row of the model, without personal numbers.

    Attributes:
        text: Its text.
        intent: Its label.
        similarity: Cosine to the customer's text (-1..1).
        labelled_by: Who gave it the label, where the row says so.
    """

    text: str
    intent: str
    similarity: float
    labelled_by: str | None = None


class Reading(Value):
    """What a model saw in a turn.

    Attributes:
        words: In the order of the text.
        nearest: Training rows, the nearest first; none where the model carries none.
        tokens: Read for the explanation.
    """

    words: tuple[WordEffect, ...] = ()
    nearest: tuple[NearestRow, ...] = ()
    tokens: int = 0


class RuleJudgement(Value):
    """What a rule of the dialogue policy made of a turn.

    Attributes:
        rule: Its name.
        reason: Why it decided, or was passed over, in a sentence.
        score: What it looked at, if that is a number.
        threshold: What the score is measured by.
    """

    rule: str
    reason: str
    score: float | None = None
    threshold: float | None = None


class ExplainTurn(Message):
    """A stored turn as it came, with what answered it."""

    TYPE: ClassVar[str] = "turn.explain"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "nlu")

    turn: TurnReceived
    model: str
    """The id of the model that read it."""
    bot_version: int
    answered_by: AnswerKind
    reasons: tuple[str, ...] = ()
    """What was tried once nothing of the bot file had an answer."""
    nearest: int = 5
    """Training rows asked for."""


class ExplainDecision(Message):
    """The same turn, read again; generation decides it again."""

    TYPE: ClassVar[str] = "turn.explain_decision"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "gen.turns")

    understood: TurnUnderstood
    reading: Reading
    bot_version: int
    answered_by: AnswerKind
    reasons: tuple[str, ...] = ()


class TurnExplained(Message):
    """Why a turn was answered so."""

    TYPE: ClassVar[str] = "turn.explained"
    ROUTE: ClassVar[Route] = REPLY

    reading: Reading
    decided: RuleJudgement
    passed_over: tuple[RuleJudgement, ...] = ()
    """The rules before it, in their order."""
    not_reached: tuple[str, ...] = ()
    """The rules behind it."""
    answer: str = ""
    """What the policy answers now; a document's or a language model's words are not written again."""
