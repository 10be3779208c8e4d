"""The dialogue file: messages, and what is expected of the answer to each; see ``docs/dialogue-file.md``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from shared.bot.document import Document, dotted, parse, summary
from shared.bot.parts import Part, Phrase
from shared.bot.patterns import check_pattern
from shared.contracts.chat.turns import AnswerKind
from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.faults import Fault
from shared.errors import InvalidFile

MAX_DIALOGUES = 1_000
MAX_TURNS = 100
#: Characters of an answer that patterns are searched in.
MAX_ANSWER = 4_000
#: One open repetition with a choice beside it: it is tried from every character on, which takes half a second at the worst.
_MAX_WAYS = 2 * (MAX_ANSWER + 1)


def _as_list(value: Any) -> Any:
    """One accepted way may be written without the list around it; ``null`` is a way too."""
    return value if isinstance(value, list | tuple) else (value,)


def _checked(pattern: str) -> str:
    check_pattern(pattern, characters=MAX_ANSWER, most=_MAX_WAYS)
    return pattern


Ways = BeforeValidator(_as_list)
Pattern = Annotated[str, StringConstraints(min_length=1), AfterValidator(_checked)]
Patterns = Annotated[tuple[Pattern, ...], Ways]
Names = Annotated[tuple[str, ...], Ways]
NamesOrNone = Annotated[tuple[str | None, ...], Ways]


class Expectation(Part):
    """What an answer and the state after it must be; what is left out is not looked at. Of several ways one suffices.

    Attributes:
        intent: What the model must say.
        kind: The kind of the answer.
        flow: The active flow after the turn; ``null``: none.
        slots: Values of that flow, or of those remembered; ``null``: must not be filled.
        asked: The slot asked for; ``null``: none.
        confirming: Whether the bot waits for a confirmation.
        text: Patterns, each of which must be found in the answer, letter case aside.
        not_text: Patterns none of which may be found.
        entities: What the model must find, by label.
        sentiment: What the model must say.
    """

    intent: Names = ()
    kind: Annotated[tuple[AnswerKind, ...], Ways] = ()
    flow: NamesOrNone = ()
    slots: dict[str, NamesOrNone] = Field(default_factory=dict)
    asked: NamesOrNone = ()
    confirming: bool | None = None
    text: Patterns = ()
    not_text: Patterns = ()
    entities: dict[str, Names] = Field(default_factory=dict)
    sentiment: Annotated[tuple[SentimentLabel, ...], Ways] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is expected."""
        return not (self.model_fields_set & Expectation.model_fields.keys())


class Said(Expectation):
    """A message of the customer with what is expected of the answer; ``any_of`` are ways of which one must hold as well."""

    user: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    any_of: tuple[Expectation, ...] = ()

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if self.is_empty and not self.any_of:
            raise ValueError("expects nothing; say at least one thing that must come, such as `kind: flow`")
        return self


class Dialogue(Part):
    """One conversation, from its beginning."""

    name: Phrase
    today: date | None = None
    turns: Annotated[tuple[Said, ...], Field(min_length=1, max_length=MAX_TURNS)]


class DialogueFile(Part):
    """A whole file."""

    version: Literal[1]
    dialogues: Annotated[tuple[Dialogue, ...], Field(min_length=1, max_length=MAX_DIALOGUES)]

    @property
    def turns(self) -> int:
        """Of all dialogues."""
        return sum(len(dialogue.turns) for dialogue in self.dialogues)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        twice = [name for name, count in Counter(dialogue.name for dialogue in self.dialogues).items() if count > 1]
        if twice:
            raise ValueError(f"two dialogues are called {twice[0]!r}; a report names them, so give each its own name")
        return self


def read_dialogues(source: str | bytes) -> DialogueFile:
    """Read and check a dialogue file.

    Raises:
        InvalidFile: ``faults`` names line, path and remedy of everything that is wrong (up to 100, in order of lines).
    """
    document = parse(source)
    if document.faults:
        raise _invalid(list(document.faults))
    try:
        return DialogueFile.model_validate(document.data)
    except ValidationError as error:
        raise _invalid([_fault(document, item) for item in _innermost(error.errors())]) from None


def found(pattern: str, text: str) -> bool:
    """Whether a pattern of a file is found in an answer."""
    return re.search(pattern, text[:MAX_ANSWER], re.IGNORECASE) is not None


def _innermost(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Without the lists that are "too short" only because of what is wrong with their items."""
    around = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    return [error for error in errors if error["loc"] not in around]


def _fault(document: Document, error: ErrorDetails) -> Fault:
    path = [part for part in error["loc"] if part != "[key]"]
    if error["type"] == "extra_forbidden":
        message = f"is not a known key; known are {', '.join(Said.model_fields)}"
    else:
        message = error["msg"].removeprefix("Value error, ")
    return Fault(line=document.line(path), field=dotted(path), message=message)


def _invalid(faults: list[Fault]) -> InvalidFile:
    message, listed = summary("The dialogue file", faults)
    return InvalidFile(message, listed, param="dialogues")
