"""What the sections of a bot file are made of: texts with limits, and lists that may be written as one item."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


class Part(BaseModel):
    """A section of a bot file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_list(value: Any) -> Any:
    """One item may be written without the list around it."""
    return value if isinstance(value, list | tuple) else (value,)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""Of slots and flows: what may stand between the braces of a placeholder."""
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
"""An intent or an entity label, as the model knows it."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
"""An ISO 639-1 code."""
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]

Labels = Annotated[tuple[Label, ...], BeforeValidator(_as_list)]
Phrases = Annotated[tuple[Phrase, ...], BeforeValidator(_as_list)]
Languages = Annotated[tuple[Language, ...], BeforeValidator(_as_list)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]
"""Variants of a text; may be empty."""
SomeTexts = Annotated[tuple[Text, ...], BeforeValidator(_as_list), Field(min_length=1)]
"""Variants of a text, at least one."""


def _as_reply(value: Any) -> Any:
    """A reply without tones may be written as its texts alone."""
    return value if isinstance(value, dict | Tones) else {"templates": value}


class Tones(Part):
    """Variants of what the bot says, by the customer's tone; ``templates`` serve every tone without own variants."""

    templates: SomeTexts
    negative: Texts = ()
    positive: Texts = ()

    def suiting(self, sentiment: str) -> tuple[str, ...]:
        """The variants for a sentiment."""
        return {"negative": self.negative, "positive": self.positive}.get(sentiment) or self.templates


class Reply(Tones):
    """What the bot says; ``segments`` hold what it says to customers of a segment instead."""

    segments: Annotated[dict[Label, Annotated[Tones, BeforeValidator(_as_reply)]], Field(max_length=32)] = Field(
        default_factory=dict
    )


AnyReply = Annotated[Reply, BeforeValidator(_as_reply)]
