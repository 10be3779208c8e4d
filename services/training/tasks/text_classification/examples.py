"""Rows as token ids, and the columns of their labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from services.training.fitting.batching import IGNORED, padded
from services.training.models.text_encoder import TextEncoder
from shared.artifacts.manifest import Labels
from shared.tasks.text_classification.record import Row


@dataclass(frozen=True, slots=True)
class Classes:
    """What there is to tell apart.

    Attributes:
        names: In the order of the model's columns, sorted.
        several: Whether a text may have any number of them; one row that says so decides it for all.
    """

    names: tuple[str, ...]
    several: bool

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Classes:
        """The labels that occur in some rows."""
        rows = list(rows)
        names = {name for row in rows for name in row.names}
        return cls(tuple(sorted(names)), any(row.labels is not None for row in rows))

    def choices(self) -> dict[str, tuple[str, ...]]:
        """The label of each column, under the head that rows name it by."""
        return {"labels" if self.several else "label": self.names}

    def to_manifest(self) -> Labels:
        """The same as a part of the bundle's manifest."""
        return Labels(labels=self.names, several=self.several)


@dataclass(frozen=True, slots=True)
class Example:
    """One row as ids.

    Attributes:
        tokens: The ids of the text.
        column: Of its label; ``IGNORED`` where it has several or one that the model does not know.
        columns: [labels] 1 for each label that it has, 0 for the others.
    """

    tokens: tuple[int, ...]
    column: int
    columns: NDArray[np.float32] = field(compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.tokens)


def examples_of(encoder: TextEncoder, rows: Sequence[Row], classes: Classes) -> list[Example]:
    """One example per row, in order; a long text's is its beginning."""
    places = {name: column for column, name in enumerate(classes.names)}
    encodings = encoder.tokens.encode([row.text for row in rows])
    found = []
    for row, encoded in zip(rows, encodings, strict=True):
        columns = [places[name] for name in row.names if name in places]
        marked = np.zeros(len(places), np.float32)
        marked[columns] = 1
        column = columns[0] if len(columns) == 1 and not classes.several else IGNORED
        found.append(Example(tuple(encoded.ids), column, marked))
    return found


def collate(chosen: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs, and the targets ``column`` [b] and ``columns`` [b, labels]."""
    targets = {
        "column": torch.tensor([example.column for example in chosen]),
        "columns": torch.from_numpy(np.stack([example.columns for example in chosen])),
    }
    return padded([example.tokens for example in chosen]), targets
