"""Reading texts outside a conversation."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.chat.understanding import Understanding
from shared.contracts.message import REPLY, Exchange, Message, Route


class AnalyzeText(Message):
    """Texts to be read, e.g. by ``POST /v1/analyze`` or ``/v1/embeddings``."""

    TYPE: ClassVar[str] = "text.analyze"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "nlu")

    texts: tuple[str, ...]
    contexts: tuple[tuple[str, ...], ...] = ()
    """The messages before each text, oldest first; one entry per text, or none at all."""
    model: str | None = None
    """A model id, or ``None`` for the one in production."""
    with_embeddings: bool = False


class TextAnalyzed(Message):
    """One understanding per text, in the order asked."""

    TYPE: ClassVar[str] = "text.analyzed"
    ROUTE: ClassVar[Route] = REPLY

    understandings: tuple[Understanding, ...]
    embeddings: tuple[str, ...] = ()
    """Little-endian float32 in base64, one per text, if asked for."""
    tokens: int
    """Tokens read, special tokens included."""
