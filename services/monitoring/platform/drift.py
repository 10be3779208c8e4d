"""How far what a model is asked has moved from what it was judged by at its training. Pure.

Chance alone moves small samples: what it is expected to make of so many texts is taken off, so that a figure is about 0 where nothing has changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.storage.tables.platform import InputWindow

#: Texts that a confidence counts as having even where none was seen, so that a logarithm exists.
_SMOOTHING = 0.5


@dataclass(frozen=True, slots=True)
class DriftFigures:
    """What became of a model's inputs.

    Attributes:
        texts: In the window.
        distance: Cosine distance (0..2) of the centroids of the embeddings; ``None``: the model makes none.
        out_of_scope: Points (-1..1) that the share of declined texts lies above the training's; ``None``: it declines none.
        confidence: Population stability index of the confidences (0: the same; 0.25: a major shift); ``None``: it tells none.
    """

    texts: int
    distance: float | None
    out_of_scope: float | None
    confidence: float | None


def drift(reference: InputWindow, windows: Iterable[InputWindow]) -> DriftFigures:
    """Compare windows, taken together, with what the model was judged by."""
    found = list(windows)
    texts = sum(one.texts for one in found)
    if not texts or not reference.texts:
        return DriftFigures(texts, None, None, None)
    declined = sum(one.out_of_scope for one in found) / texts - reference.out_of_scope / reference.texts
    return DriftFigures(
        texts=texts,
        distance=_distance(_vector(reference), reference.texts, _summed(found), texts),
        out_of_scope=declined if reference.out_of_scope or any(one.out_of_scope for one in found) else None,
        confidence=_stability(np.array(reference.confidences), np.sum([one.confidences for one in found], axis=0)),
    )


def _distance(
    before: NDArray[np.float64] | None, n_before: int, now: NDArray[np.float64] | None, n_now: int
) -> float | None:
    if before is None or now is None or before.shape != now.shape:
        return None
    first, second = before / n_before, now / n_now
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    if lengths == 0.0:
        return None
    squared = float(first @ first)
    # The mean of n unit vectors around a mean of length r leaves it by (1 - r²) / n in the square.
    chance = (1 - squared) / (2 * squared) * (1 / n_before + 1 / n_now)
    return max(0.0, 1 - float(first @ second) / lengths - chance)


def _stability(before: NDArray[np.int64], now: NDArray[np.int64]) -> float | None:
    if not before.sum() or not now.sum():
        return None
    bins = len(before)
    expected = (before + _SMOOTHING) / (before.sum() + _SMOOTHING * bins)
    actual = (now + _SMOOTHING) / (now.sum() + _SMOOTHING * bins)
    index = float(((actual - expected) * np.log(actual / expected)).sum())
    used = int(((before + now) > 0).sum())
    chance = (used - 1) * (1 / float(before.sum()) + 1 / float(now.sum()))
    return max(0.0, index - chance)


def _vector(window: InputWindow) -> NDArray[np.float64] | None:
    return None if window.embedding is None else np.frombuffer(window.embedding, dtype="<f4").astype(np.float64)


def _summed(windows: Iterable[InputWindow]) -> NDArray[np.float64] | None:
    vectors = [vector for one in windows if (vector := _vector(one)) is not None]
    if not vectors or len({vector.shape for vector in vectors}) > 1:
        return None
    summed: NDArray[np.float64] = np.sum(vectors, axis=0)
    return summed
