"""``/v1/decisions``: what the official client sends and reads, and examples as our extra field."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.gateway.chat.schemas import Ignored
from services.gateway.conversations.items import Content, Items, words
from services.gateway.http.bodies.schemas import Body, Name, Reply
from services.gateway.responses.schemas import ResponseUsage
from shared.contracts.chat.decisions import DecisionOption, DecisionQuestion

MAX_QUESTIONS = 400
MAX_OPTIONS = 255
#: Examples of one question.
MAX_EXAMPLES = 1_000
#: Descriptions and examples of all questions together.
MAX_TEXTS = 5_000
MAX_INPUT = 100_000

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Value = (
    Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2_000)] | Annotated[bool, Field(strict=True)]
)


class Example(Body):
    """A text whose answer is known."""

    text: ShortText
    value: Value


class _Question(Body, ABC):
    instructions: Content
    name: Name | None = None
    examples: Annotated[list[Example], Field(max_length=MAX_EXAMPLES)] = Field(default_factory=list)
    """Texts with their answers: of a choice its ``value``, of a score the ``label`` of its level, of a predicate true or false."""

    @property
    def words(self) -> str:
        """The question."""
        return words(self.instructions)

    def _texts_of(self, value: object) -> tuple[str, ...]:
        return tuple(one.text for one in self.examples if type(one.value) is type(value) and one.value == value)

    @model_validator(mode="after")
    def _examples_are_of_its_answers(self) -> Self:
        for one in self.examples:
            if not any(type(one.value) is type(value) and one.value == value for value in self._values()):
                raise ValueError(f"the value {one.value!r} of an example is none of the answers")
        return self

    @abstractmethod
    def _values(self) -> list[str | bool]:
        """Every answer that there is."""


class Predicate(_Question):
    """How likely a statement about the input is true."""

    type: Literal["predicate"]

    def asked(self) -> DecisionQuestion:
        """As it travels."""
        options = tuple(
            DecisionOption(name=name, examples=self._texts_of(name == "true")) for name in ("true", "false")
        )
        return DecisionQuestion(kind="predicate", instructions=self.words, name=self.name, options=options)

    def _values(self) -> list[str | bool]:
        return [True, False]


class ChoiceOption(Body):
    """One of the options."""

    value: Value
    description: ShortText | None = None


class Choice(_Question):
    """One of the options, by the input."""

    type: Literal["choice"]
    choices: Annotated[list[ChoiceOption], Field(min_length=2, max_length=MAX_OPTIONS)]

    def asked(self) -> DecisionQuestion:
        """As it travels."""
        options = tuple(
            DecisionOption(
                name=one.value if isinstance(one.value, str) else str(one.value).lower(),
                description=one.description,
                examples=self._texts_of(one.value),
            )
            for one in self.choices
        )
        return DecisionQuestion(kind="choice", instructions=self.words, name=self.name, options=options)

    def _values(self) -> list[str | bool]:
        return [one.value for one in self.choices]

    @model_validator(mode="after")
    def _are_different(self) -> Self:
        """``"true"`` and ``true`` are two values."""
        if len({(type(value), value) for value in self._values()}) < len(self.choices):
            raise ValueError("each of the 'choices' must be there once")
        return self


class Level(Body):
    """A step of a scale."""

    label: ShortText
    description: ShortText | None = None


class Score(_Question):
    """Where on a scale the input stands; the first level counts 0."""

    type: Literal["score"]
    levels: Annotated[list[Level], Field(min_length=2, max_length=MAX_OPTIONS)]

    def asked(self) -> DecisionQuestion:
        """As it travels."""
        options = tuple(
            DecisionOption(name=one.label, description=one.description, examples=self._texts_of(one.label))
            for one in self.levels
        )
        return DecisionQuestion(kind="score", instructions=self.words, name=self.name, options=options)

    def _values(self) -> list[str | bool]:
        return [one.label for one in self.levels]

    @model_validator(mode="after")
    def _are_different(self) -> Self:
        if len({one.label for one in self.levels}) < len(self.levels):
            raise ValueError("each of the 'levels' must be there once")
        return self


Question = Annotated[Predicate | Choice | Score, Field(discriminator="type")]


class DecisionRequest(Body):
    """Questions about a text, or about what was said in a conversation."""

    model: Name
    input: Annotated[str, StringConstraints(min_length=1, max_length=MAX_INPUT)] | Items
    questions: Annotated[list[Question], Field(min_length=1, max_length=MAX_QUESTIONS)]
    prompt_cache_key: Ignored = None
    prompt_cache_options: Ignored = None
    safety_identifier: Ignored = None

    @property
    def text(self) -> str:
        """What the questions are about; of a conversation, each message after who said it."""
        if isinstance(self.input, str):
            return self.input
        if len(self.input) == 1:
            return self.input[0].text
        said = [(item.role or item.type, item.text) for item in self.input if item.type != "reasoning"]
        return "\n".join(f"{role}: {text}" for role, text in said)

    @model_validator(mode="after")
    def _is_of_a_size(self) -> Self:
        texts = sum(len(question._values()) + len(question.examples) for question in self.questions)
        if texts > MAX_TEXTS:
            raise ValueError(f"the questions have {texts} answers and examples together; {MAX_TEXTS} are possible")
        if len(self.text) > MAX_INPUT:
            raise ValueError(f"the input has more than {MAX_INPUT} characters")
        return self


class ChoiceProbability(Reply):
    """How likely an option is."""

    value: str | bool
    probability: float


class LevelProbability(Reply):
    """How likely a level is; ``value`` is its place, from 0."""

    label: str
    value: int
    probability: float


class PredicateAnswer(Reply):
    """How likely the statement is true."""

    type: Literal["predicate"] = "predicate"
    name: str | None
    probability: float


class ChoiceAnswer(Reply):
    """The likeliest option."""

    type: Literal["choice"] = "choice"
    name: str | None
    choice: str | bool
    confidence: float
    probabilities: list[ChoiceProbability]


class ScoreAnswer(Reply):
    """The mean place on the scale; ``confidence`` is the probability of the likeliest level."""

    type: Literal["score"] = "score"
    name: str | None
    score: float
    confidence: float
    probabilities: list[LevelProbability]


class Refusal(Reply):
    """The model has no evidence for an answer."""

    type: Literal["refusal"] = "refusal"
    name: str | None


class Decision(Reply):
    """The answers, in the order of the questions."""

    answers: list[PredicateAnswer | ChoiceAnswer | ScoreAnswer | Refusal]
    model: str
    usage: ResponseUsage
