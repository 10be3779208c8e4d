"""How much of a catalog is offered, and how unlike the items of one offer are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.tasks.recommendation.diversity import POOL, unlike
from tests.load.recommendation_data import DEPTH, Cut

SETTINGS = (0.0, 0.3, 0.7)


def variety(scores: NDArray[np.floating], one: Cut, vectors: NDArray[np.float32]) -> dict[str, Any]:
    """At three settings of ``diversity``: NDCG@10, coverage in percent, and 1 less the mean cosine of two items of an offer."""
    found = {}
    for setting in SETTINGS:
        offers = {
            person: _offer(scores[person], profile, vectors, setting)
            for person, profile in enumerate(one.profiles)
            if one.targets[person] >= 0
        }
        gains = [_gain(offer, int(one.targets[person])) for person, offer in offers.items()]
        covered = len(set().union(*(offer.tolist() for offer in offers.values())))
        unlike = [1 - _mean_cosine(vectors[offer]) for offer in offers.values()]
        found[str(setting)] = {
            "ndcg": 100 * float(np.mean(gains)),
            "coverage": 100 * covered / len(one.items),
            "unlike": float(np.mean(unlike)),
        }
    return found


def _offer(
    scores: NDArray[np.floating], profile: NDArray[np.int64], vectors: NDArray[np.float32], diversity: float
) -> NDArray[np.int64]:
    """As ``services.recommendation.offering`` chooses."""
    mine = scores.astype(np.float64)
    mine[profile] = -np.inf
    order = np.argsort(-mine, kind="stable")[: DEPTH if diversity == 0 else POOL * DEPTH]
    if diversity == 0:
        return order
    return order[unlike(vectors[order], mine[order].astype(np.float32), DEPTH, diversity)]


def _gain(offer: NDArray[np.int64], target: int) -> float:
    here = np.flatnonzero(offer == target)
    return float(1 / np.log2(here[0] + 2)) if len(here) else 0.0


def _mean_cosine(vectors: NDArray[np.floating]) -> float:
    count = len(vectors)
    return float((vectors @ vectors.T).sum() - count) / max(count * (count - 1), 1)
