"""``/v1/moderations``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.http.bodies.schemas import Body, Name, Reply, Text

MAX_TEXTS = 256


class TextPart(Body):
    """A text as multi-modal clients send it; pictures are not read."""

    type: Literal["text"]
    text: Text


class ModerationRequest(Body):
    """Up to 256 texts; parts are one text together."""

    input: (
        Text
        | Annotated[list[Text], Field(min_length=1, max_length=MAX_TEXTS)]
        | Annotated[list[TextPart], Field(min_length=1, max_length=MAX_TEXTS)]
    )
    model: Name | None = None
    """A model of text classification, or ``parley/NAME``; without it, and for OpenAI's names, the deployment ``moderation``."""

    @property
    def texts(self) -> list[str]:
        """Each text that is judged by itself."""
        if isinstance(self.input, str):
            return [self.input]
        parts = [one.text for one in self.input if isinstance(one, TextPart)]
        return ["\n".join(parts)] if parts else [one for one in self.input if isinstance(one, str)]


class Moderation(Reply):
    """One text: what it is, how surely, and what was read for it.

    Attributes:
        flagged: Any category applies but ``contacts`` and ``links``, which say what is there and not that it is wrong.
        categories: Those of the convention, those of the model, and those of the rules.
        category_scores: Probabilities of the model; 0 or 1 of a rule.
        category_applied_input_types: What was read.
    """

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[Literal["text"]]]


class ModerationDetails(Reply):
    """What the convention has no field for."""

    model: str | None
    """The model that judged; ``null``: there is none, and only the rules did."""
    not_judged: list[str]
    """Categories of the convention that nobody judged: ``false`` in the results says nothing about them."""
    note: str | None


class Moderations(Reply):
    """The judgement of each text, in their order."""

    id: str
    model: str
    results: list[Moderation]
    parley: ModerationDetails
