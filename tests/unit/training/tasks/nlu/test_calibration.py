from __future__ import annotations

import numpy as np
import pytest

from services.training.exporting.temperature import temperature
from services.training.fitting.batching import IGNORED
from services.training.tasks.nlu.calibration import calibrate
from services.training.tasks.nlu.examples import OUT_OF_SCOPE_ID, Example
from services.training.tasks.nlu.prediction import Predictions
from shared.contracts.training.jobs import ScopeCosts
from shared.inference.scope import DEFAULT_WEIGHTS, scope_score


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


def outputs(embeddings: np.ndarray, logits: np.ndarray) -> Predictions:
    return Predictions(logits.astype(np.float32), None, None, embeddings.astype(np.float32))


def test_texts_that_look_like_strangers_are_rejected_and_known_ones_are_not() -> None:
    near, far = np.eye(2)[np.zeros(30, int)], np.eye(2)[np.ones(9, int)]
    sure, unsure = np.tile([9.0, 0.0], (30, 1)), np.zeros((9, 2))
    examples = [Example((), (), 0, IGNORED)] * 30

    found = calibrate(
        outputs(near, sure), examples, np.eye(2, dtype=np.float32)[:1], outputs(far, unsure), ScopeCosts()
    )

    assert found.scope is not None
    assert found.scope.in_scope_rejection == 0.0
    scores = scope_score(
        unsure.astype(np.float32), far.astype(np.float32), np.eye(2, dtype=np.float32)[:1], DEFAULT_WEIGHTS
    )
    assert found.scope.threshold == pytest.approx(float(scores[0]))


def test_without_an_intent_head_nothing_is_rejected() -> None:
    bare = Predictions(None, None, None, np.zeros((1, 2), np.float32))

    found = calibrate(bare, [Example((), (), IGNORED, IGNORED)], np.zeros((0, 2), np.float32), bare, ScopeCosts())

    assert found.scope is None
