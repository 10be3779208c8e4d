"""What others do with the same events: popularity, ItemKNN, EASE, and by ``implicit`` ALS and BPR."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tests.load.recommendation_data import Cut

Scores = NDArray[np.floating]
Baseline = Callable[[Cut], Scores]


def popularity(one: Cut) -> Scores:
    """How many chose an item."""
    counts = np.asarray(one.matrix.sum(axis=0))
    return np.repeat(counts, len(one.profiles), axis=0)


def item_knn(one: Cut) -> Scores:
    """Cosines of items, damped by 10 choices."""
    gram = (one.matrix.T @ one.matrix).toarray()
    counts = np.diag(gram) + 10
    np.fill_diagonal(gram, 0)
    return np.asarray(one.matrix @ (gram / np.sqrt(np.outer(counts, counts))))


def ease(one: Cut) -> Scores:
    """Steck 2019, arXiv:1905.03375, with a ridge of 200."""
    gram = (one.matrix.T @ one.matrix).toarray()
    gram[np.diag_indices(len(gram))] += 200
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)[None, :]
    np.fill_diagonal(weights, 0)
    return np.asarray(one.matrix @ weights)


def als(one: Cut) -> Scores:
    """Hu et al. 2008, 64 factors."""
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=64, regularization=0.05, iterations=20, random_state=0)
    model.fit(sparse.csr_matrix(one.matrix * 10, dtype=np.float32), show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T)


def bpr(one: Cut) -> Scores:
    """Rendle et al. 2009, 64 factors."""
    from implicit.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(factors=64, iterations=100, random_state=0)
    model.fit(sparse.csr_matrix(one.matrix, dtype=np.float32), show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T)


BASELINES: Mapping[str, Baseline] = {
    "popularity": popularity,
    "ItemKNN": item_knn,
    "EASE": ease,
    "ALS 64": als,
    "BPR 64": bpr,
}
