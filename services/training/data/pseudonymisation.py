"""Rows to train on that tell no one's numbers: each is replaced by an invented one of the same form."""

from __future__ import annotations

from functools import partial

import numpy as np

from services.training.data.splitting import Split
from shared.privacy.surrogates import with_surrogates
from shared.rows.row import RowT


def without_personal_numbers(parts: Split[RowT], seed: int) -> Split[RowT]:
    """The same rows with surrogates; the same seed gives the same ones, so that a resumed job trains on the same rows.

    What is drawn does not depend on what it replaces, and within a row it is the same for the same number: an answer goes on naming
    what was asked about.
    """
    rng = np.random.default_rng(seed)

    def pick(below: int) -> int:
        return int(rng.integers(below))

    def replaced(rows: tuple[RowT, ...]) -> tuple[RowT, ...]:
        return tuple(row.with_texts(partial(with_surrogates, pick=pick, known={})) for row in rows)

    return Split(replaced(parts.train), replaced(parts.validation), replaced(parts.test))
