from __future__ import annotations

import numpy as np
import pytest

from services.training.tasks.nlu.alignment import ridge


def unit(vectors: np.ndarray) -> np.ndarray:
    normalised: np.ndarray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return normalised


def agreement(means: np.ndarray, anchors: np.ndarray, solved: np.ndarray) -> float:
    return float((unit(means @ solved) * anchors).sum(axis=1).mean())


@pytest.mark.parametrize("length", [0.1, 1.0, 40.0])
def test_the_map_brings_rows_nearer_to_their_anchors_than_the_prior_of_any_length(length: float) -> None:
    rng = np.random.default_rng(0)
    anchors = unit(rng.normal(size=(200, 8)))
    turned = unit(anchors @ (np.eye(8) + 0.4 * rng.normal(size=(8, 8))))
    prior = length * np.eye(8)

    solved = ridge(turned, anchors, prior)

    assert agreement(turned, anchors, solved) > agreement(turned, anchors, prior) + 0.05


def test_without_rows_to_learn_a_direction_from_the_prior_stays() -> None:
    means = unit(np.array([[1.0, 0.0, 0.0]] * 5))

    solved = ridge(means, means, np.eye(3))

    assert solved == pytest.approx(np.eye(3))
