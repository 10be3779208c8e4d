"""Which function judges for which rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.monitoring.detection.drift import judge_drift
from services.monitoring.detection.judgement import Judgement
from services.monitoring.detection.mean_shift import judge_mean_shift
from services.monitoring.detection.series import Series
from services.monitoring.detection.share import judge_negative_share, judge_share
from services.monitoring.detection.silence import judge_silence
from services.monitoring.detection.usual import Usual
from services.monitoring.detection.volume import judge_volume
from shared.contracts.monitoring.alert_rules import (
    AlertRule,
    Drift,
    MeanShift,
    NegativeShare,
    ShareOfNegatives,
    Silence,
    Volume,
)

Judge = Callable[[Any, Series, Usual, int], Judgement]

JUDGES: Mapping[type[AlertRule], Judge] = {
    ShareOfNegatives: judge_share,
    Volume: judge_volume,
    MeanShift: judge_mean_shift,
    Drift: judge_drift,
    Silence: judge_silence,
    NegativeShare: judge_negative_share,
}

#: Rules that need no history.
WITHOUT_HISTORY = (NegativeShare,)


def judge(rule: AlertRule, minutes: Series, usual: Usual, last: int) -> Judgement:
    """What a rule says of the last minutes of a series; what stands before them is what windows look back on."""
    return JUDGES[type(rule)](rule, minutes, usual, last)
