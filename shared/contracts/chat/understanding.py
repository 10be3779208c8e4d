"""What a model understood of one text."""

from __future__ import annotations

from typing import Literal

from shared.contracts.media import Attachment
from shared.contracts.message import Value

OUT_OF_SCOPE = "out_of_scope"
"""The reserved intent of texts that belong to none: in training rows, and as an answer below the threshold."""

UNDETERMINED = "und"
"""The language of a text that cannot be told."""

SentimentLabel = Literal["negative", "neutral", "positive"]
SENTIMENTS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive")


class IntentScore(Value):
    """An intent with its calibrated probability (0..1)."""

    name: str
    confidence: float


class EntitySpan(Value):
    """An entity as a half-open span of characters (code points) of the original text."""

    start: int
    end: int
    label: str
    text: str
    confidence: float


class Sentiment(Value):
    """The sentiment of a text.

    Attributes:
        label: The likeliest of the three.
        score: Positive minus negative probability, -1..1.
        confidence: Probability of ``label``.
    """

    label: SentimentLabel
    score: float
    confidence: float


class Part(Value):
    """What a model understood of one clause of a text that has several.

    Attributes:
        start: Where the clause begins in the text, in code points.
        end: Where it ends, exclusive.
        entities: With spans of the whole text.
    """

    start: int
    end: int
    intent: IntentScore | None
    entities: tuple[EntitySpan, ...] = ()


class Understanding(Value):
    """Everything one joint pass tells about a text.

    Heads that the model does not have leave their field empty or ``None``.
    """

    model: str
    """The id of the model that read the text."""
    intent: IntentScore | None
    """The likeliest intent, ``out_of_scope`` being one of them: the first of ``ranking``."""
    ranking: tuple[IntentScore, ...] = ()
    """The likeliest intents, best first (up to five). ``out_of_scope`` stands in its place if the model can tell it; the
    probabilities of all intents and it have the sum 1."""
    entities: tuple[EntitySpan, ...] = ()
    sentiment: Sentiment | None = None
    language: str = UNDETERMINED
    """ISO 639-1 code, ``und`` when it cannot be told."""
    tokens: int = 0
    """Tokens read, special tokens included."""
    truncated: bool = False
    """Whether the text was so long that its end was not read."""
    parts: tuple[Part, ...] = ()
    """Its clauses, each read by itself; empty for a text of one, and for one that is not said in a chat."""
    attachments: tuple[Attachment, ...] = ()
    """What stands in pictures that came along: never the customer's words."""
