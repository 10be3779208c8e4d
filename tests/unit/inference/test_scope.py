from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.artifacts.manifest import ScopeCalibration
from shared.inference.scope import DEFAULT_WEIGHTS, FloatArray, scope_score, with_outside

NEIGHBOURS = np.eye(3, dtype=np.float32)[:2]


def score(logits: list[list[float]], embeddings: list[list[float]], neighbours: FloatArray = NEIGHBOURS) -> list[float]:
    found = scope_score(np.array(logits, np.float32), np.array(embeddings, np.float32), neighbours, DEFAULT_WEIGHTS)
    return [float(value) for value in found]


def test_both_nearness_and_certainty_raise_the_score() -> None:
    sure, unsure, near, far = [9.0, 0.0], [0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]

    sure_near, sure_far, unsure_near, unsure_far = score([sure, sure, unsure, unsure], [near, far, near, far])

    assert sure_near > unsure_near > sure_far > unsure_far


def test_the_score_is_the_weighted_sum_of_cosine_logit_and_probability() -> None:
    (found,) = score([[np.log(3.0), 0.0]], [[0.6, 0.8, 0.0]])

    assert found == pytest.approx(0.8 + 0.025 * np.log(3.0) + 0.5 * 0.75)


def test_huge_logits_do_not_overflow() -> None:
    assert score([[2000.0, -2000.0]], [[1.0, 0.0, 0.0]]) == pytest.approx([1.0 + 50.0 + 0.5])


def test_without_neighbours_confidence_still_counts() -> None:
    sure, unsure = score([[9.0, 0.0], [0.0, 0.0]], [[1.0, 0.0, 0.0]] * 2, np.zeros((0, 3), np.float32))

    assert sure > unsure


def test_no_texts_have_no_scores() -> None:
    found = scope_score(np.zeros((0, 2), np.float32), np.zeros((0, 3), np.float32), NEIGHBOURS, DEFAULT_WEIGHTS)

    assert found.size == 0


@given(
    st.lists(st.floats(0.01, 1.0), min_size=2, max_size=5),
    st.floats(-50.0, 50.0),
    st.floats(0.1, 100.0),
)
def test_out_of_scope_leads_exactly_below_the_threshold(weights: list[float], score: float, slope: float) -> None:
    probabilities = np.array([weights], np.float32) / np.float32(sum(weights))
    calibration = ScopeCalibration(weights={}, threshold=1.0, slope=slope, in_scope_rejection=0.0)

    found = with_outside(probabilities, np.array([score], np.float32), calibration)[0]

    assert found.sum() == pytest.approx(1.0)
    assert (found[-1] > found[:-1].max()) == (np.float32(score) < 1.0)


def test_odds_of_out_of_scope_fall_smoothly_with_the_score() -> None:
    scores = np.array([0.8, 0.9, 1.0, 1.1, 1.2], np.float32)
    calibration = ScopeCalibration(weights={}, threshold=1.0, slope=10.0, in_scope_rejection=0.0)

    found = with_outside(np.tile(np.array([[0.99, 0.01]], np.float32), (5, 1)), scores, calibration)[:, -1]

    assert found == pytest.approx(1 / (1 + np.exp(10.0 * (scores - 1.0))), abs=0.01)
