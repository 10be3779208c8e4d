from __future__ import annotations

import numpy as np
import pytest

from services.training.calibration import MIN_ROWS, calibrate_scope, temperature
from services.training.encoding import IGNORED, OUT_OF_SCOPE_ID
from services.training.prediction import Predictions


def drawn(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Targets drawn from the softmax of the logits, so that these are calibrated by construction."""
    noise = rng.gumbel(size=logits.shape)
    return np.asarray((logits + noise).argmax(axis=1))


@pytest.mark.parametrize("wrong", [0.5, 1.0, 3.0])
def test_temperature_undoes_a_wrong_scale(wrong: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=2.0, size=(4000, 5)).astype(np.float32)

    found = temperature(wrong * logits, drawn(logits, rng))

    assert found == pytest.approx(wrong, rel=0.1)


def test_temperature_of_a_few_faultless_rows_claims_no_certainty() -> None:
    logits = 4.0 * np.eye(3, dtype=np.float32)

    scaled = logits / temperature(logits, np.arange(3))

    certainty = np.exp(scaled[0, 0]) / np.exp(scaled[0]).sum()
    assert 0.6 < certainty < 0.9


def test_temperature_ignores_rows_without_a_label() -> None:
    logits = np.array([[3.0, 0.0], [3.0, 0.0], [0.0, 5.0]], np.float32)

    assert temperature(logits, np.array([0, 1, IGNORED])) == temperature(logits[:2], np.array([0, 1]))


@pytest.mark.parametrize("targets", [np.array([IGNORED, OUT_OF_SCOPE_ID]), np.array([], np.int64)])
def test_temperature_without_labels_changes_nothing(targets: np.ndarray) -> None:
    assert temperature(np.ones((len(targets), 2), np.float32), targets) == 1.0
    assert temperature(None, targets) == 1.0


def predictions(inside: int, outside: int, gap: float) -> tuple[Predictions, np.ndarray, np.ndarray]:
    """In-scope rows lie near the neighbours and get confident logits; the others lie ``gap`` away from that."""
    rng = np.random.default_rng(0)
    neighbours = unit(rng.normal(size=(50, 16)))
    near = unit(neighbours[rng.integers(50, size=inside)] + 0.05 * rng.normal(size=(inside, 16)))
    far = unit(neighbours[rng.integers(50, size=outside)] + gap * rng.normal(size=(outside, 16)))
    logits = rng.normal(size=(inside + outside, 4)).astype(np.float32)
    logits[:inside, 0] += 10.0
    logits[inside:, 0] += 10.0 - 5.0 * gap
    intents = np.array([0] * inside + [OUT_OF_SCOPE_ID] * outside)
    return Predictions(logits, None, None, np.concatenate([near, far])), intents, neighbours


def unit(vectors: np.ndarray) -> np.ndarray:
    normalised: np.ndarray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return normalised


def test_threshold_rejects_five_percent_where_nothing_is_known_to_be_outside() -> None:
    found = calibrate_scope(*predictions(200, 0, gap=0.0))

    assert found is not None
    assert found.in_scope_rejection == pytest.approx(0.05)


def test_threshold_rejects_nobody_where_the_outside_is_far_away() -> None:
    found = calibrate_scope(*predictions(200, 50, gap=2.0))

    assert found is not None
    assert found.in_scope_rejection <= 0.01


def test_threshold_never_rejects_more_than_five_percent() -> None:
    found = calibrate_scope(*predictions(200, 200, gap=0.1))

    assert found is not None
    assert 0.0 < found.in_scope_rejection <= 0.05


def test_too_few_rows_set_no_threshold() -> None:
    assert calibrate_scope(*predictions(MIN_ROWS - 1, 30, gap=1.0)) is None
