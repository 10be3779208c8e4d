"""How well queries find what they should."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.training.reporting.figures import MAX_MISTAKES, Evaluation, Mistake

QUALITY = ("recall_at_1", "mrr")

#: How far down a list the reciprocal rank counts.
_MRR_DEPTH = 10


def ranks(scores: Sequence[NDArray[np.floating]], right: Sequence[NDArray[np.bool_]]) -> NDArray[np.int64]:
    """Where the first right candidate of each query stands, from 1; of equal scores the wrong one stands first.

    Args:
        scores: Of each query's candidates.
        right: Which of them it should find; one at least.
    """
    best = [scores[place][right[place]].max() for place in range(len(scores))]
    return np.array(
        [1 + int((scores[place][~right[place]] >= best[place]).sum()) for place in range(len(scores))], dtype=np.int64
    )


def retrieval_scores(found: NDArray[np.int64]) -> dict[str, float]:
    """``recall_at_1``, ``recall_at_5`` and ``mrr`` (at 10) of the ranks of some queries."""
    if not len(found):
        return {}
    reciprocal = np.where(found <= _MRR_DEPTH, 1 / found, 0.0)
    return {
        "recall_at_1": float((found == 1).mean()),
        "recall_at_5": float((found <= 5).mean()),
        "mrr": float(reciprocal.mean()),
    }


def judged_ranks(
    queries: Sequence[str], wanted: Sequence[str], nearest: Sequence[str], found: NDArray[np.int64]
) -> Evaluation:
    """The evaluation of a list of queries.

    Args:
        queries: Each once.
        wanted: What each should find.
        nearest: What each finds first.
        found: The ranks of what they should find.
    """
    mistakes = [
        Mistake(query, "first", right, first, 1.0)
        for query, right, first, rank in zip(queries, wanted, nearest, found, strict=True)
        if rank > 1
    ]
    return Evaluation(len(queries), retrieval_scores(found), {}, (), tuple(mistakes[:MAX_MISTAKES]))
