from __future__ import annotations

import numpy as np

from services.monitoring.detection.series import Series, Step, trailing, weighted
from tests.unit.monitoring.detection.streams import MONDAY, stream


def test_steps_without_a_text_are_zero_and_others_are_left_out() -> None:
    steps = [Step(60, 2, 1, 1, 0.0), Step(180, 1, 1, 0, -0.5), Step(600, 9, 9, 0, -9.0)]
    series = Series.of(steps, since=60, until=240, step=60)
    assert (series.start, series.end, len(series)) == (60, 240, 3)
    assert series.texts.tolist() == [2, 0, 1]
    assert series.score.tolist() == [0, 0, -0.5]


def test_hours_are_made_of_whole_hours_alone() -> None:
    minutes = stream(1, 60.0).between(MONDAY + 60, MONDAY + 3 * 3600 + 60)
    hours = minutes.coarser(3600)
    assert (hours.start, len(hours)) == (MONDAY + 3600, 2)
    assert hours.texts.sum() == minutes.texts[59:179].sum()


def test_windows_end_with_each_step() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert trailing(values, 2).tolist() == [1, 3, 5, 7]
    assert weighted(values, np.array([0.0, 1.0, 1.0, 0.0]), 2).tolist() == [1, 2, 2.5, 3]
