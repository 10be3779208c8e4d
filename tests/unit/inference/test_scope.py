from __future__ import annotations

import numpy as np
import pytest

from shared.artifacts.manifest import ScopeCalibration
from shared.inference.scope import DEFAULT_WEIGHTS, FloatArray, scope_score

NEIGHBOURS = np.eye(3, dtype=np.float32)[:2]


def score(logits: list[list[float]], embeddings: list[list[float]], neighbours: FloatArray = NEIGHBOURS) -> list[float]:
    calibration = ScopeCalibration(weights=DEFAULT_WEIGHTS, threshold=0.0, in_scope_rejection=0.0)
    found = scope_score(np.array(logits, np.float32), np.array(embeddings, np.float32), neighbours, calibration)
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
    calibration = ScopeCalibration(weights=DEFAULT_WEIGHTS, threshold=0.0, in_scope_rejection=0.0)

    assert scope_score(np.zeros((0, 2), np.float32), np.zeros((0, 3), np.float32), NEIGHBOURS, calibration).size == 0
