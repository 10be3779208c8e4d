"""Slots: the values that a flow collects from the customer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from shared.bot.parts import Labels, Part, Phrase, Phrases, Texts
from shared.bot.patterns import check_pattern

SlotType = Literal[
    "text",
    "choice",
    "date",
    "date_range",
    "time",
    "duration",
    "number",
    "count",
    "amount",
    "order_number",
    "city",
    "address",
    "email",
    "regex",
]


class Slot(Part):
    """A value that flows ask for.

    Attributes:
        title: How the customer calls it, e.g. ``destination``; also recognised in "no, the destination is wrong".
        type: How a value is recognised, checked and normalised.
        entities: Entity labels that fill it whenever they occur.
        when_asked: Entity labels that fill it only when it was asked for, e.g. a city without a role.
        after: Words that stand right before its values and tell their role, e.g. ``from`` of "from Berlin"; they go before the model.
        prompt: The question for it; needed by slots that a flow requires.
        error: What is said when a value does not do; each type has a default.
        choices: Of type ``choice``: each value with its synonyms.
        pattern: Of type ``regex``: what the whole value must match.
        max_length: Longest value, in characters.
        whole_answer: When asked for and no entity is found, the whole message is the value, unless it is a question or a
            remark. Of type ``text`` or ``address``, or ``city``, where the model must also take the message for a bare value.
        no_preference: The value when the customer does not mind; without it the slot must be filled.
        default: What a placeholder shows while the slot is empty.
        past: Of type ``date`` or ``date_range``: whether days before today do.
        of_range: Of type ``date``: which end of "from 14 to 17 March" it takes; without it the customer is asked.
        remember: Later flows of the conversation take the value over.
    """

    title: Phrase
    type: SlotType = "text"
    entities: Labels = ()
    when_asked: Labels = ()
    after: Phrases = ()
    prompt: Texts = ()
    error: Texts = ()
    choices: dict[Phrase, Phrases] = Field(default_factory=dict)
    pattern: str | None = None
    max_length: Annotated[int, Field(ge=1, le=500)] = 100
    whole_answer: bool = False
    no_preference: Phrase | None = None
    default: Phrase | None = None
    past: bool = False
    of_range: Literal["start", "end"] | None = None
    remember: bool = False

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            check_pattern(pattern)
        return pattern
