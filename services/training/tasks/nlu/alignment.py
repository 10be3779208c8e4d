"""Brings the sentence embedding of a tuned model back to the base model's, as far as a linear map can."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from services.training.data.splitting import thinned
from services.training.tasks.nlu.examples import Example
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict

#: Weight of the trained projection against what the rows say, in mean squares of a mean state's components. Less finds the
#: starter's knowledge a little better, but texts outside every intent of HINT3's curekart and of the starter worse.
_RIDGE = 0.3

#: Rows that the map is solved from: more would only cost time.
_ROWS = 5_000


def align(model: JointModel, examples: Sequence[Example], anchors: NDArray[np.float32]) -> None:
    """Solve for the projection, in place, that takes the mean states of training rows to the base model's embeddings.

    Training moves the encoder under the projection all the time; solved at the end, it fits the encoder that is kept.

    Args:
        model: Trained and merged.
        examples: Training rows.
        anchors: [n, d] their unit-length embeddings by the base model.
    """
    places = thinned(range(len(examples)), _ROWS)
    trained = model.projection.weight.detach().cpu().numpy().astype(np.float64).T
    with torch.no_grad():
        torch.nn.init.eye_(model.projection.weight)
        torch.nn.init.zeros_(model.projection.bias)  # without it the length of a mean state does not matter
    means = predict(model, [examples[place] for place in places]).embeddings
    solved = ridge(means, anchors[list(places)], trained)
    with torch.no_grad():
        model.projection.weight.copy_(torch.from_numpy(solved.T))


def ridge(means: NDArray[np.float32], anchors: NDArray[np.float32], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """The map [d, d] from means to anchors [n, d] with the least squares, drawn to a prior of any length."""
    states, targets = means.astype(np.float64), anchors.astype(np.float64)
    predicted = states @ prior
    near = prior * ((predicted * targets).sum() / max((predicted * predicted).sum(), np.finfo(np.float64).tiny))
    squares = states.T @ states
    held = squares + _RIDGE * np.trace(squares) / len(squares) * np.eye(len(squares))
    solved: NDArray[np.float64] = near + np.linalg.solve(held, states.T @ (targets - states @ near))
    return solved
