"""Questions about one text that have a few possible answers each."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.message import REPLY, Exchange, Message, Route, Value

QuestionKind = Literal["predicate", "choice", "score"]


class DecisionOption(Value):
    """One possible answer.

    Attributes:
        name: As a classifier calls it.
        description: What texts are like that it fits.
        examples: Some of them.
    """

    name: str
    description: str | None = None
    examples: tuple[str, ...] = ()


class DecisionQuestion(Value):
    """What is asked.

    Attributes:
        kind: ``predicate`` has the options true and false, in this order.
        instructions: The question in words; of a predicate, the statement that may hold.
        name: What its asker calls it; a classifier with several labels takes it for one.
        options: The possible answers; levels in their order.
    """

    kind: QuestionKind
    instructions: str
    name: str | None = None
    options: Annotated[tuple[DecisionOption, ...], Field(min_length=2)]


class DecideText(Message):
    """Questions about one text, to a model that reads, e.g. by ``POST /v1/decisions``."""

    TYPE: ClassVar[str] = "text.decide"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "nlu")

    text: str
    questions: tuple[DecisionQuestion, ...]
    model: str
    """A model id."""


class TextDecided(Message):
    """The probabilities of each question's options, in their order; none at all where the model cannot tell."""

    TYPE: ClassVar[str] = "text.decided"
    ROUTE: ClassVar[Route] = REPLY

    model: str
    probabilities: tuple[tuple[float, ...], ...]
    tokens: int
    """Tokens read, special tokens included."""
