"""What a model was asked, summed up so that two times can be compared: how sure it was, what it declined, where the texts lay. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.inference.predictor import Prediction
from shared.inference.reading import Reading
from shared.inference.session import FloatArray

#: Equal steps of confidence from 0 to 1.
BINS = 10


@dataclass(slots=True)
class InputProfile:
    """Sums over texts.

    Attributes:
        out_of_scope: Texts that the model declined.
        confidences: Texts by confidence, ``BINS`` of them.
        embedding: The sum of their unit vectors, [d]; ``None`` if it makes none.
    """

    texts: int = 0
    out_of_scope: int = 0
    confidences: list[int] = field(default_factory=lambda: [0] * BINS)
    embedding: FloatArray | None = None

    def add(self, other: InputProfile) -> None:
        """Take another's texts in."""
        self.texts += other.texts
        self.out_of_scope += other.out_of_scope
        self.confidences = [one + more for one, more in zip(self.confidences, other.confidences, strict=True)]
        if other.embedding is not None:
            self.embedding = other.embedding.copy() if self.embedding is None else self.embedding + other.embedding


def profile_of_readings(readings: Sequence[Reading]) -> InputProfile:
    """Of texts that a joint model has read."""
    intents = [one.understanding.intent for one in readings]
    feelings = [one.understanding.sentiment for one in readings]
    sure = [intent or feeling for intent, feeling in zip(intents, feelings, strict=True)]
    return InputProfile(
        texts=len(readings),
        out_of_scope=sum(intent is not None and intent.name == OUT_OF_SCOPE for intent in intents),
        confidences=_binned(one.confidence for one in sure if one is not None),
        embedding=np.sum([one.embedding for one in readings], axis=0, dtype=np.float32) if readings else None,
    )


def profile_of_predictions(predictions: Sequence[Prediction]) -> InputProfile | None:
    """Of what a model that chooses a label has answered; ``None`` for answers of another kind."""
    found = [one.answer.get("confidence") for one in predictions]
    if not found or not all(isinstance(one, float) for one in found):
        return None
    return InputProfile(texts=len(found), confidences=_binned(float(one) for one in found))  # type: ignore[arg-type]  # the line before


def _binned(confidences: Iterable[float]) -> list[int]:
    bins = [0] * BINS
    for one in confidences:
        bins[min(int(one * BINS), BINS - 1)] += 1
    return bins
