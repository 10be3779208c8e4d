"""What people choose together, in closed form: no epochs, no chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import linalg, sparse

from shared.tasks.recommendation.neighbours import Floats, Ints, Neighbours

#: Neighbours that are kept of each item.
MOST = 100

#: Items that are solved for together; beyond them only the most chosen are, and the others keep what is counted.
_MOST_SOLVED = 8_000

#: How strongly the weights are held down.
_RIDGE = 200.0

#: After how many further items two choices have half as much to do with each other, and how far is looked.
_NEAR = 5.0
_FARTHEST = 25
#: How much an item says for what was chosen before it, against what was chosen after it.
_BACKWARDS = 0.7
#: Choices that every item is credited with, so that two that met by chance are no neighbours.
_PRIOR = 5.0

Places = Sequence[Ints]
"""What each person chose, oldest first, as rows of items."""


def goes_with(chosen: Places, count: int) -> Neighbours:
    """Each item from all others by ridge regression with a zero diagonal (EASE; Steck 2019, arXiv:1905.03375).

    With fewer people than items the matrix is solved in its dual form, which costs people³ instead of items³.

    Args:
        chosen: Of each person.
        count: How many items there are.
    """
    matrix = _matrix(chosen, count)
    popular = np.asarray(matrix.sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-popular, kind="stable")[:_MOST_SOLVED])
    kept = kept[popular[kept] > 0]
    if not len(kept):
        return Neighbours.none(count)
    found = Neighbours.heaviest(_ease(matrix[:, kept]), MOST)
    places = np.zeros((count, found.places.shape[1]), np.int32)
    weights = np.zeros(places.shape, np.float32)
    places[kept], weights[kept] = kept[found.places], found.weights
    return Neighbours(places, weights)


def _ease(matrix: sparse.csr_matrix) -> Floats:
    people, items = matrix.shape
    dense = matrix.toarray().astype(np.float64)
    if people < items:
        gram = dense @ dense.T
        gram[np.diag_indices(people)] += _RIDGE
        inverse = -(dense.T @ linalg.solve(gram, dense, assume_a="pos")) / _RIDGE
        inverse[np.diag_indices(items)] += 1 / _RIDGE
    else:
        gram = dense.T @ dense
        gram[np.diag_indices(items)] += _RIDGE
        inverse = linalg.inv(gram, overwrite_a=True)
    weights = inverse / -np.diag(inverse)[None, :]
    weights[np.diag_indices(items)] = 0.0
    found: Floats = weights.astype(np.float32)
    return found


def follows(chosen: Places, count: int) -> Neighbours:
    """How often two items were chosen soon after one another, against how often they were chosen at all."""
    rows, columns, weights = [], [], []
    for places in chosen:
        for far in range(1, min(len(places), _FARTHEST + 1)):
            before, after, weight = places[:-far], places[far:], 0.5 ** (far / _NEAR)
            rows += [before, after]
            columns += [after, before]
            weights += [np.full(len(before), weight), np.full(len(before), weight * _BACKWARDS)]
    if not rows:
        return Neighbours.none(count)
    coordinates = (np.concatenate(rows), np.concatenate(columns))
    met = sparse.csr_matrix((np.concatenate(weights), coordinates), shape=(count, count))
    scale = sparse.diags(1 / np.sqrt(np.bincount(np.concatenate(chosen), minlength=count) + _PRIOR))
    return _heaviest(sparse.csr_matrix(scale @ met @ scale))


def _heaviest(matrix: sparse.csr_matrix) -> Neighbours:
    count = matrix.shape[0]
    width = max(1, min(MOST, int(np.diff(matrix.indptr).max(initial=1))))
    places, weights = np.zeros((count, width), np.int32), np.zeros((count, width), np.float32)
    for row in range(count):
        here = slice(matrix.indptr[row], matrix.indptr[row + 1])
        order = np.argsort(-matrix.data[here], kind="stable")[:width]
        places[row, : len(order)] = matrix.indices[here][order]
        weights[row, : len(order)] = matrix.data[here][order]
    return Neighbours(places, weights)


def _matrix(chosen: Places, count: int) -> sparse.csr_matrix:
    rows = np.repeat(np.arange(len(chosen)), [len(places) for places in chosen])
    columns = np.concatenate(chosen) if chosen else np.zeros(0, np.int32)
    return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(chosen), count))
