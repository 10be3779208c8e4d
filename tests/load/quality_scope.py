"""How well scope scores tell in-scope texts from others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REJECTION = 0.05


def recall_at_rejection(scores: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Share of the out-of-scope texts that fall below the threshold which rejects 5 % of the in-scope ones.

    Args:
        scores: [n], higher means more surely in scope.
        inside: [n], which are.
    """
    threshold = np.quantile(scores[inside], REJECTION)
    return float((scores[~inside] < threshold).mean())
