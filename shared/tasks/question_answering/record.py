"""Rows of question answering: ``{"question", "context", "answers": [{"text", "start"}]}``; no answers: the context holds none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Self

from pydantic import Field, PlainValidator, model_validator
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Text, fault, parser
from shared.rows.problems import shown, text_problem
from shared.rows.row import Unlabelled
from shared.text.normalisation import folded

#: Characters of one context; longer documents are cut into passages before they are asked about.
MAX_CONTEXT = 20_000
_MAX_ANSWERS = 32


def _context(value: object) -> str:
    problem = "missing; every row needs it" if value is None else text_problem(value, MAX_CONTEXT)
    if problem is not None:
        raise fault(problem)
    return str(value)


Context = Annotated[str, PlainValidator(_context)]


@dataclass(frozen=True, slots=True, config=STRICT)
class Span:
    """An answer as it stands in the context: ``start`` is its first character (code point)."""

    text: Text
    start: Annotated[int, Field(ge=0, strict=True)]

    @property
    def end(self) -> int:
        """The character after its last."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True, config=STRICT)
class Row(Unlabelled):
    """A question about a context, with every answer that is right; none at all if it cannot be answered from it."""

    question: Text
    context: Context
    answers: Annotated[tuple[Span, ...], Field(max_length=_MAX_ANSWERS)]

    @model_validator(mode="after")
    def _stand_in_the_context(self) -> Self:
        for number, answer in enumerate(self.answers):
            found = self.context[answer.start : answer.end]
            if found != answer.text:
                raise fault(
                    f"answers[{number}] says that {shown(answer.text)} stands at {answer.start}, where the context has {shown(found)}; "
                    "count code points, not bytes"
                )
        return self

    @property
    def key(self) -> str:
        """Both texts in the form that a model reads, letter case folded."""
        return f"{folded(self.question)}\n{folded(self.context)}"

    @property
    def stratum(self) -> str:
        """Whether it has an answer."""
        return "answered" if self.answers else "unanswerable"

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with each of its texts changed to one of the same length, and the answers as they then stand."""
        context = change(self.context)
        answers = tuple(replace(answer, text=context[answer.start : answer.end]) for answer in self.answers)
        return replace(self, question=change(self.question), context=context, answers=answers)


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A question about a context."""

    question: Text
    context: Context


_EXAMPLE = '{"question": "…", "context": "…", "answers": [{"text": "…", "start": 0}]}'


KIND = RecordKind(
    task="question_answering",
    example=_EXAMPLE,
    fields=("question", "context", "answers"),
    needed=("question", "context"),
    labels=("answers",),
    cells={"answers": '[{"text": "at nine", "start": 12}]'},
    parse=parser(Row, _EXAMPLE),
    parse_input=parser(Input, '{"question": "…", "context": "…"}'),
)
