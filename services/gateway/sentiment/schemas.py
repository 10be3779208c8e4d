"""``/v1/sentiment``."""

from __future__ import annotations

from typing import Literal

from services.gateway.http.bodies.schemas import Reply


class TrendObject(Reply):
    """Texts of one intent within one step.

    Attributes:
        start: Unix seconds of the step's begin.
        intent: The intent; empty for models without intents.
    """

    start: int
    intent: str
    negative: int
    neutral: int
    positive: int


class Trends(Reply):
    """A stream's counts over time, oldest first; steps without a text are left out."""

    object: Literal["sentiment.trends"] = "sentiment.trends"
    stream: str
    since: int
    until: int
    step: int
    data: list[TrendObject]
