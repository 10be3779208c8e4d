"""Augmentation: rows train beside changed copies of themselves (typing noise and synonyms after Wei and Zou 2019, arXiv:1901.11196)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from services.training.augmentation.edits import Edit, applied
from services.training.augmentation.entity_swap import Pool, pool_of, swaps
from services.training.augmentation.synonyms import synonyms
from services.training.augmentation.typing_noise import slips
from services.training.objectives.objective import Additions, Objective
from services.training.tasks.task import Change, Spans
from shared.contracts.training.objectives import Augmentation
from shared.errors import TrainingFailed
from shared.rows.row import LabelledRow

#: Apart from what else a job draws with its seed.
_STREAM = 0xA46


class AugmentationObjective(Objective):
    """Makes copies of training rows, each changed in one way.

    Args:
        spec: Which ways, and how much.
        change_texts: Of the task: a row with its texts and their spans changed.
        seed: Same seed, same rows: same copies.

    Raises:
        TrainingFailed: The task does not learn from texts that may be changed.
    """

    def __init__(self, spec: Augmentation, change_texts: Change[Any] | None, seed: int) -> None:
        if change_texts is None:
            raise TrainingFailed(
                "This task has no rows that 'augmentation' can change; leave it out.", param="objectives"
            )
        self._spec, self._change, self._seed = spec, change_texts, seed

    def additions(self, rows: Sequence[Any]) -> Additions | None:
        """The copies."""
        rng = np.random.default_rng((self._seed, _STREAM))
        pool = pool_of(marked for row in rows for marked in _marked(row, self._change))
        found: list[LabelledRow] = []
        made: Counter[str] = Counter()
        for row in rows:
            for _ in range(self._spec.copies):
                copy, kind = self._copy(row, rng, pool)
                if kind is not None:
                    found.append(copy)
                    made[kind] += 1
        told = ", ".join(f"{made[kind]} by {kind.replace('_', ' ')}" for kind in self._spec.kinds)
        return Additions(
            "augmentation", found, f"Augmentation changed {len(found)} copies of {len(rows)} rows ({told})"
        )

    def _copy(self, row: Any, rng: np.random.Generator, pool: Pool) -> tuple[Any, str | None]:
        """A changed copy by the first of the kinds, in an order that is drawn, that finds something to change; or none."""
        kinds = self._spec.kinds
        for number in rng.permutation(len(kinds)).tolist():
            kind = kinds[number]

            def changed(text: str, spans: Spans, kind: str = kind) -> tuple[str, Spans]:
                return applied(text, spans, self._edits(kind, text, spans, rng, pool))

            copy = self._change(row, changed)
            if copy.key != row.key:
                return copy, kind
        return row, None

    def _edits(self, kind: str, text: str, spans: Spans, rng: np.random.Generator, pool: Pool) -> list[Edit]:
        if kind == "entity_swap":
            return swaps(text, spans, rng, pool)
        way = synonyms if kind == "synonyms" else slips
        return way(text, spans, rng, self._spec.strength)


def _marked(row: Any, change: Change[Any]) -> list[tuple[str, Spans]]:
    """The texts of a row with their spans."""
    found: list[tuple[str, Spans]] = []

    def noted(text: str, spans: Spans) -> tuple[str, Spans]:
        found.append((text, spans))
        return text, spans

    change(row, noted)
    return found
