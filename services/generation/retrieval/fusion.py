"""One order out of several: reciprocal rank fusion (Cormack, Clarke and Büttcher 2009, "Reciprocal rank fusion outperforms Condorcet …")."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

#: How little the first places count beyond those behind them; the paper's.
_K = 60


def fused(orders: Sequence[tuple[float, Sequence[Key]]]) -> list[tuple[Key, float]]:
    """What stands in any of the orders, best first, with a score of 0..1: 1 is the first place in all of them.

    Args:
        orders: Each with its weight.
    """
    best = sum(weight for weight, _ in orders) / (_K + 1)
    scores: dict[Key, float] = {}
    for weight, order in orders:
        for place, key in enumerate(order, start=1):
            scores[key] = scores.get(key, 0.0) + weight / (_K + place)
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    return [(key, score / best) for key, score in ranked if score > 0] if best > 0 else []
