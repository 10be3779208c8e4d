"""The likeliest answer by what a model gives for the tokens of a window. Pure numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.inference.session import FloatArray
from shared.inference.tokens import Encoded

#: Tokens of an answer at most.
MAX_ANSWER = 48


class Best(NamedTuple):
    """What a window says.

    Attributes:
        first: The answer's first token.
        last: Its last.
        score: Sum of the two tokens' logits.
        nothing: The same of the first token of all, which stands for "no answer here".
        share: Probability of the answer among all pairs of places, 0..1.
        nothing_share: The same of no answer.
    """

    first: int
    last: int
    score: float
    nothing: float
    share: float
    nothing_share: float


def places_of(window: Encoded) -> NDArray[np.bool_]:
    """Which tokens may begin or end an answer [s]: those of the context, which alone have a place there."""
    return np.array([end > start for start, end in window.offsets])


def best_span(logits: FloatArray, places: NDArray[np.bool_]) -> Best:
    """The likeliest answer of a window.

    Args:
        logits: [s, 2], for beginning and for ending at each token; at least as many rows as there are places.
        places: Which tokens may; one at least.
    """
    allowed = places.copy()
    allowed[0] = True
    shifted = np.where(allowed[:, None], logits[: len(places)].astype(np.float64), -np.inf)
    starts, ends = shifted[:, 0], shifted[:, 1]
    inside = np.flatnonzero(places)
    sums = starts[inside][:, None] + ends[inside][None, :]
    apart = inside[None, :] - inside[:, None]
    sums = np.where((apart >= 0) & (apart < MAX_ANSWER), sums, -np.inf)
    first, last = np.unravel_index(int(sums.argmax()), sums.shape)
    total = _log_sum(starts) + _log_sum(ends)
    score, nothing = float(sums[first, last]), float(starts[0] + ends[0])
    return Best(
        int(inside[first]),
        int(inside[last]),
        score,
        nothing,
        float(np.exp(score - total)),
        float(np.exp(nothing - total)),
    )


def margin(windows: Sequence[Best]) -> float:
    """How much better the best answer of some windows is than that they all hold none."""
    return max(best.score for best in windows) - min(best.nothing for best in windows)


def _log_sum(logits: NDArray[np.float64]) -> float:
    highest = logits.max()
    return float(highest + np.log(np.exp(logits - highest).sum()))
