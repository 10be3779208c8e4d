"""The temperature by which logits are divided, so that probabilities match frequencies."""

from __future__ import annotations

import numpy as np

from shared.inference.session import FloatArray

#: Temperatures outside are signs of too little data, not of a model that is that wrong about itself.
_TEMPERATURES = (0.2, 5.0)


def temperature(logits: FloatArray | None, targets: np.ndarray) -> float:
    """The number that logits are to be divided by so that probabilities match frequencies.

    (Guo et al. 2017, arXiv:1706.04599.) The likelihood is convex in the inverse temperature, so bisection of its
    slope finds the best one. Targets are softened by one row in n + 2 (Platt 1999): a model that makes no mistake on a few
    rows is not therefore certain.

    Args:
        logits: [n, labels]; ``None`` if the model lacks the head.
        targets: [n] columns; rows with a negative one are left out.

    Returns:
        A temperature within 0.2..5; 1 if there is nothing to learn it from.
    """
    labelled = targets >= 0
    if logits is None or not labelled.any() or logits.shape[1] < 2:
        return 1.0
    chosen, columns = logits[labelled].astype(np.float64), targets[labelled]
    rows, labels = chosen.shape
    soft = np.full_like(chosen, 1 / (rows + 2) / (labels - 1))
    soft[np.arange(rows), columns] = (rows + 1) / (rows + 2)
    low, high = 1 / _TEMPERATURES[1], 1 / _TEMPERATURES[0]
    for _ in range(50):
        middle = (low + high) / 2
        if ((_softmax(middle * chosen) - soft) * chosen).sum() > 0:
            high = middle
        else:
            low = middle
    return float(2 / (low + high))


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalised: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return normalised
