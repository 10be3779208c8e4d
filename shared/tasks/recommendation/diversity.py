"""Items chosen one by one, each worth much and unlike those before it (Carbonell and Goldstein 1998, doi:10.1145/290941.291025)."""

from __future__ import annotations

import numpy as np

from shared.tasks.recommendation.neighbours import Floats

POOL = 5
"""Items of which the most unlike are chosen, for each that is wanted."""

_TINY = 1e-9


def unlike(vectors: Floats, scores: Floats, wanted: int, diversity: float) -> list[int]:
    """Places of those chosen, in the order in which they were.

    Worth and likeness are both taken relative to the items at hand: an encoder that has drawn all items of a catalog close together, so that
    their cosines hardly differ, would else leave all to the worth.

    Args:
        vectors: [n, d] of length 1.
        scores: [n].
        wanted: How many are chosen.
        diversity: 0: the best ones; 1: as unlike one another as can be.
    """
    worth = _relative(scores)
    likeness = vectors @ vectors.T
    likeness[np.diag_indices(len(scores))] = np.nan
    likeness = np.nan_to_num(_relative(likeness), nan=1.0)
    alike, left = np.zeros(len(scores), np.float32), np.ones(len(scores), bool)
    found: list[int] = []
    while left.any() and len(found) < wanted:
        place = int(np.where(left, (1 - diversity) * worth - diversity * alike, -np.inf).argmax())
        left[place] = False
        found.append(place)
        alike = np.maximum(alike, likeness[place])
    return found


def _relative(values: Floats) -> Floats:
    """From 0 to 1."""
    known = values[~np.isnan(values)]
    if not len(known):
        return values
    lowest, highest = float(known.min()), float(known.max())
    found: Floats = ((values - lowest) / max(highest - lowest, _TINY)).astype(np.float32)
    return found
