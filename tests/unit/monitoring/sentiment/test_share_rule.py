from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitoring.sentiment.share_rule import SurgeRule, Verdict, Window

RULE = SurgeRule(window_seconds=300, share=0.5, min_volume=20)


@pytest.mark.parametrize(
    ("negative", "volume", "verdict"),
    [
        (10, 20, "fire"),
        (20, 20, "fire"),
        (19, 19, "keep"),  # one text short of the volume
        (9, 20, "keep"),  # below the share
        (499, 1000, "keep"),
        (0, 0, "keep"),
    ],
)
def test_an_alert_fires_on_share_and_volume(negative: int, volume: int, verdict: Verdict) -> None:
    assert RULE.judge(Window(negative, volume), is_firing=False) == verdict


@pytest.mark.parametrize(
    ("negative", "volume", "verdict"),
    [
        (45, 100, "keep"),  # below the threshold, above 0.8 of it
        (40, 100, "keep"),
        (39, 100, "resolve"),
        (1, 1, "keep"),  # few, but nothing better came
        (0, 0, "resolve"),
    ],
)
def test_an_alert_ends_well_below_the_threshold_or_in_silence(negative: int, volume: int, verdict: Verdict) -> None:
    assert RULE.judge(Window(negative, volume), is_firing=True) == verdict


@given(st.integers(0, 500), st.integers(0, 500))
def test_no_window_both_fires_and_ends_an_alert(negative: int, others: int) -> None:
    window = Window(negative, negative + others)
    verdicts = {RULE.judge(window, is_firing=is_firing) for is_firing in (False, True)}
    assert not {"fire", "resolve"} <= verdicts
