from __future__ import annotations

import numpy as np
import pytest

from services.training.tasks.nlu.rejection import MIN_OUTLIERS, MIN_ROWS, Judged, calibrate_scope
from services.training.tasks.nlu.strangers import strangers
from shared.artifacts.manifest import DEFAULT_SLOPE, ScopeCalibration
from shared.contracts.training.jobs import ScopeCosts

ELSEWHERE = np.linspace(0.0, 1.0, 101, dtype=np.float32)


def judged(inside: np.ndarray, outside: np.ndarray | None = None, wrong: int = 0) -> Judged:
    """Rows by their scores; the first ``wrong`` of those inside would be answered wrongly."""
    others = np.zeros(0) if outside is None else outside
    is_inside = np.arange(len(inside) + len(others)) < len(inside)
    return Judged(
        scores=np.concatenate([inside, others]).astype(np.float32),
        confidences=np.full(len(is_inside), 0.99, np.float32),
        inside=is_inside,
        right=is_inside & (np.arange(len(is_inside)) >= wrong),
    )


def calibrated(rows: Judged, costs: ScopeCosts | None = None) -> ScopeCalibration:
    found = calibrate_scope(rows, ELSEWHERE, costs or ScopeCosts())
    assert found is not None
    return found


def drawn(mean: float, count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(mean, 0.1, count)


def test_few_rows_allow_to_reject_what_is_as_far_off_as_most_strangers() -> None:
    found = calibrated(judged(drawn(1.5, 40)))

    assert found.threshold == pytest.approx(0.65)
    assert found.slope == DEFAULT_SLOPE
    assert found.in_scope_rejection == 0.0


def test_few_rows_never_lose_a_right_answer() -> None:
    scores = np.array([0.1, 0.2, *[1.5] * 38])

    assert calibrated(judged(scores)).threshold == pytest.approx(0.1)


def test_a_row_that_would_be_answered_wrongly_costs_nothing() -> None:
    scores = np.array([0.1, 0.2, *[1.5] * 38])

    found = calibrated(judged(scores, wrong=2))

    assert found.threshold == pytest.approx(0.65)
    assert found.in_scope_rejection == pytest.approx(2 / 40)


@pytest.mark.parametrize(("rows", "most"), [(299, 0.0), (1000, 0.004), (5000, 0.0078)])
def test_many_rows_prove_what_may_be_rejected(rows: int, most: float) -> None:
    found = calibrated(judged(drawn(1.5, rows)))

    assert found.threshold > 0.65
    assert found.in_scope_rejection <= most


def test_with_outliers_the_threshold_lies_between_the_two_kinds() -> None:
    found = calibrated(judged(drawn(1.5, 100), drawn(0.8, 30)))

    assert 0.95 < found.threshold < 1.35
    assert found.in_scope_rejection <= 0.01
    assert 5.0 < found.slope < 40.0


def test_odds_match_frequencies() -> None:
    """Scores drawn so that the true odds are known: slope 6 around 1.0."""
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.0, 2.0, 4000)
    is_outside = rng.random(4000) < 1 / (1 + np.exp(6.0 * (scores - 1.0)))

    found = calibrated(judged(scores[~is_outside], scores[is_outside]))

    assert found.threshold == pytest.approx(1.0, abs=0.05)
    assert found.slope == pytest.approx(6.0, rel=0.1)


@pytest.mark.parametrize(
    ("costs", "shift"),
    [(ScopeCosts(missed_outlier_cost=4.0), 1), (ScopeCosts(false_rejection_cost=4.0), -1)],
)
def test_costs_move_the_threshold(costs: ScopeCosts, shift: int) -> None:
    rows = judged(drawn(1.5, 100), drawn(1.0, 30))
    plain, moved = calibrated(rows), calibrated(rows, costs)

    assert moved.threshold - plain.threshold == pytest.approx(shift * np.log(4.0) / plain.slope)


def test_a_few_outliers_teach_nothing() -> None:
    found = calibrated(judged(drawn(1.5, 40), drawn(0.5, MIN_OUTLIERS - 1)))

    assert found.threshold == pytest.approx(0.65)


def test_too_few_rows_set_no_threshold() -> None:
    assert calibrate_scope(judged(drawn(1.5, MIN_ROWS - 1), drawn(0.5, 30)), ELSEWHERE, ScopeCosts()) is None


def test_strangers_are_many_and_carry_no_label() -> None:
    assert len(strangers()) >= 100
    assert {row.intent for row in strangers()} == {None}
