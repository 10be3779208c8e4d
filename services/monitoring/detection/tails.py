"""How improbable a count is where it varies more than chance alone would make it."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from services.monitoring.detection.series import Flags, Floats


def at_least(count: Floats, expected: Floats, dispersion: Floats) -> Floats:
    """P(X >= count) of a negative binomial with variance ``expected + dispersion * expected²``.

    A Poisson distribution whose rate is itself uncertain: by bursts, and by how little is known of it.
    """
    shape = 1.0 / np.maximum(dispersion, 1e-9)
    mean = np.maximum(expected, 1e-12)
    tail: Floats = special.betainc(np.maximum(count, 1.0), shape, mean / (mean + shape))
    return np.where(count > 0, tail, 1.0)


def none_at_all(expected: Floats, dispersion: Floats) -> Floats:
    """P(X = 0) of the same distribution."""
    spread = np.maximum(dispersion, 1e-9)
    return np.exp(-np.log1p(spread * expected) / spread)


def share_at_least(hits: Floats, trials: Floats, share: Floats, concentration: Floats, asked: Flags) -> Floats:
    """P(X >= hits) of a beta-binomial with mean ``share``; computed where it is ``asked``, 1 elsewhere.

    Args:
        hits: Negative texts.
        trials: All texts.
        share: Expected share.
        concentration: Sum of both parameters of the beta distribution; the smaller, the more the share varies by itself.
        asked: Where.
    """
    tail = np.ones_like(hits)
    if asked.any():
        a, b = share[asked] * concentration[asked], (1 - share[asked]) * concentration[asked]
        tail[asked] = stats.betabinom.sf(hits[asked] - 1, trials[asked], a, b)
    return np.clip(tail, 0.0, 1.0)
