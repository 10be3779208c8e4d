"""What monitoring listens to, and what it says."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.message import Exchange, Message, Route, Value

CHAT_STREAM = "chat"
"""The sentiment stream that every stored chat turn is counted on."""


class Observation(Value):
    """One text with a sentiment, counted once however often it is told.

    Attributes:
        id: Turn or document id; the key that makes repeated messages harmless.
        stream: The sentiment stream, ``chat`` for turns.
        intent: The intent, ``out_of_scope`` included; empty when the model has no intents.
        occurred_at: Unix seconds at which the text was written; the minute it is counted in, however late it comes.
        voice: A hash of the text; texts of a stream that share it are one text passed on, and one voice in a surge. Empty: a voice of
            its own, as each customer in a chat has.
    """

    id: str
    stream: str
    intent: str
    sentiment: SentimentLabel
    occurred_at: float
    voice: str = ""


class SentimentObserved(Message):
    """Texts that were read *and stored*; one message for each commit of the gateway (docs/decisions/0002)."""

    TYPE: ClassVar[str] = "sentiment.observed"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "sentiment.observed", durable=True)

    observations: tuple[Observation, ...]


class AlertRaised(Message):
    """An alert began to fire or was resolved."""

    TYPE: ClassVar[str] = "alert.raised"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "alert.raised", durable=True)

    alert_id: str
    state: Literal["firing", "resolved"]
    stream: str
    share: float
    """Share of negatives in the window, 0..1."""
    volume: int
    """Texts in the window."""
    evidence: tuple[str, ...] = ()
    """Ids of the negative texts that caused it, newest first (up to 20)."""
    at: float
