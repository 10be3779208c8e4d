"""What a model understood of a text, as every reply shows it."""

from __future__ import annotations

from services.gateway.schemas.base import Reply
from shared.contracts.understanding import EntitySpan, IntentScore, Sentiment


class Understood(Reply):
    """An understanding; what the model has no head for is ``null`` or empty.

    Attributes:
        intent: The likeliest intent, or ``out_of_scope``.
        ranking: The likeliest intents, best first; ``out_of_scope`` stands in its place.
        entities: Half-open spans of characters (code points) of the text.
        sentiment: Label, score from -1 to 1, confidence.
        language: ISO 639-1 code, ``und`` when it cannot be told.
        truncated: Whether the text was so long that its end was not read.
    """

    intent: IntentScore | None
    ranking: tuple[IntentScore, ...]
    entities: tuple[EntitySpan, ...]
    sentiment: Sentiment | None
    language: str
    truncated: bool = False
