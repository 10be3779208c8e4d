"""The look-ups in the bot's knowledge that a turn may call for, by the vectors that came with it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial

import numpy as np

from shared.contracts.chat.turns import TurnUnderstood
from shared.dialogue.knowledge import FloatArray
from shared.dialogue.turn import Match, Searches

LookUp = Callable[[FloatArray, str | None, str], Match | None]
"""The pair nearest to a vector [d] and its text, but for the one with the given id."""


def searches_of(message: TurnUnderstood, look_up: LookUp) -> Searches:
    """The look-ups of a turn: by its text, by each of its clauses, and by the text with what was said before it."""
    turn, parts = message.turn, message.understanding.parts

    def search(text: str, *embeddings: str, beside: str | None = None) -> Match | None:
        """By the mean of the vectors, so that what counts is how near a pair is to all of them."""
        if not all(embeddings):
            return None
        vectors = [_vector(embedding) for embedding in embeddings]
        return look_up(vectors[0] if len(vectors) == 1 else np.mean(vectors, axis=0), beside, text)

    def search_in_context(beside: str | None) -> Match | None:
        before = turn.history[-1].user if turn.history else ""
        return search(f"{before} {turn.text}", message.embedding, message.follow_up_embedding, beside=beside)

    return Searches(
        partial(search, turn.text, message.embedding),
        tuple(
            partial(search, turn.text[part.start : part.end], embedding)
            for part, embedding in zip(parts, message.part_embeddings, strict=False)
        ),
        search_in_context if message.follow_up_embedding else None,
    )


def _vector(embedding: str) -> FloatArray:
    return np.frombuffer(base64.b64decode(embedding), dtype="<f2").astype(np.float32)
