"""Shares of negatives: against the usual one (beta-binomial), and against a fixed threshold."""

from __future__ import annotations

import numpy as np

from services.monitoring.detection.judgement import WINDOWS, Judgement, stacked
from services.monitoring.detection.series import Floats, Series, trailing, weighted
from services.monitoring.detection.tails import share_at_least
from services.monitoring.detection.usual import Usual
from shared.contracts.monitoring.alert_rules import NegativeShare, ShareOfNegatives


def judge_share(rule: ShareOfNegatives, minutes: Series, usual: Usual, last: int) -> Judgement:
    """Probability of so many negatives among the texts of each window."""
    by_minute, _ = usual.mood.expected(minutes.starts)
    concentration = np.full(min(last, len(minutes)), usual.mood.concentration)
    rows = []
    for window in WINDOWS:
        texts, negative = trailing(minutes.texts, window)[-last:], trailing(minutes.negative, window)[-last:]
        share, usual_share = _ratio(negative, texts), weighted(by_minute, minutes.texts, window)[-last:]
        matters = (texts >= rule.min_volume) & (share >= usual_share + rule.rise)
        probability = share_at_least(negative, texts, usual_share, concentration, matters)
        rows.append((probability, share, usual_share, texts, matters))
    return stacked(rows, WINDOWS)


def judge_negative_share(rule: NegativeShare, minutes: Series, _usual: Usual, last: int) -> Judgement:
    """Certain where the share has reached the threshold."""
    texts, negative = (trailing(counts, rule.window_minutes)[-last:] for counts in (minutes.texts, minutes.negative))
    share = _ratio(negative, texts)
    reached = (texts >= rule.min_volume) & (share >= rule.share)
    threshold = np.full(len(texts), rule.share)
    return stacked([(np.where(reached, 0.0, 1.0), share, threshold, texts, reached)], (rule.window_minutes,))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
