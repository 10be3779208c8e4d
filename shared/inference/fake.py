"""A reader without a model: as fast as Python is, so that what is measured is the plumbing around it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np

from shared.contracts.chat.understanding import SENTIMENTS, IntentScore, Sentiment, Understanding
from shared.contracts.training.tasks import TaskName
from shared.errors import Unavailable
from shared.inference.predictor import Prediction
from shared.inference.reading import Context, Reading
from shared.inference.session import FloatArray
from shared.text.language import language_of


class FakeReader:
    """Understands every text by its hash: the same text always has the same intent, sentiment and embedding.

    Args:
        model_id: The id to answer with.
        intents: The intents to choose from.
        embedding_size: Width of the embeddings.
    """

    def __init__(self, model_id: str, intents: Sequence[str], *, embedding_size: int = 384) -> None:
        self._model_id = model_id
        self._intents = tuple(intents)
        self._embedding_size = embedding_size
        self._is_closed = False

    @property
    def model_id(self) -> str:
        """The id given."""
        return self._model_id

    @property
    def task(self) -> TaskName:
        """That of every reader."""
        return "nlu"

    def predict(self, rows: Sequence[Any]) -> list[Prediction]:
        """What is understood of each row."""
        return [reading.prediction for reading in self.read([row.text for row in rows])]

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._is_closed

    def read(self, texts: Sequence[str], contexts: Sequence[Context] | None = None) -> list[Reading]:
        """One reading per text, in order; what was said before changes nothing here.

        Raises:
            Unavailable: The reader is closed.
        """
        del contexts
        embeddings = self.embed(texts)
        return [self._reading(text, embedding) for text, embedding in zip(texts, embeddings, strict=True)]

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors [n, d], each drawn with the hash of its text as the seed.

        Raises:
            Unavailable: The reader is closed.
        """
        if self._is_closed:
            raise Unavailable("the model was closed; send the request again")
        vectors = np.zeros((len(texts), self._embedding_size), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = np.random.default_rng(_hash(text)).standard_normal(self._embedding_size, dtype=np.float32)
        norms: FloatArray = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / norms

    def close(self) -> None:
        """Read no more."""
        self._is_closed = True

    def _reading(self, text: str, embedding: FloatArray) -> Reading:
        number = _hash(text)
        intent = IntentScore(name=self._intents[number % len(self._intents)], confidence=0.9)
        label = SENTIMENTS[number % 3]
        understanding = Understanding(
            model=self._model_id,
            intent=intent,
            ranking=(intent,),
            sentiment=Sentiment(label=label, score=float(number % 3) - 1.0, confidence=0.9),
            language=language_of(text),
            tokens=len(text.split()) + 2,
        )
        return Reading(understanding, embedding, understanding.tokens)


def _hash(text: str) -> int:
    return int.from_bytes(sha256(text.encode("utf-8", "replace")).digest()[:8], "big")
