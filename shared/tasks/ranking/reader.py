"""Serves models of ranking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shared.inference.pair_reader import PairReader
from shared.inference.predictor import Parts, Prediction
from shared.tasks.ranking.record import Input


class RankingReader(PairReader):
    """Tells how well a text answers a query."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts, 1)

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"score"}`` from 0 to 1 of each pair."""
        logits, tokens = self.read(rows)
        scores = 1 / (1 + np.exp(-logits[:, 0]))
        return [Prediction({"score": float(score)}, read) for score, read in zip(scores, tokens, strict=True)]
