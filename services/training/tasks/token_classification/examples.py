"""Rows as token ids, and the tag of each token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from services.training.fitting.batching import IGNORED, padded
from services.training.models.text_encoder import TextEncoder
from services.training.tagging.tags import label_of, standing_apart, tag_columns, tag_names
from shared.artifacts.manifest import Labels
from shared.tasks.token_classification.record import Row, side_by_side


@dataclass(frozen=True, slots=True)
class Tags:
    """What there is to find.

    Attributes:
        names: Of the model's columns: ``O``, then ``B-x``, ``I-x`` for each label, sorted.
        apart: Labels of which two that stand side by side are two.
    """

    names: tuple[str, ...]
    apart: tuple[str, ...]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Tags:
        """The labels that occur in some rows."""
        rows = list(rows)
        entities = Counter(entity.label for row in rows for entity in row.entities)
        beside = Counter(label for row in rows for label in side_by_side(row))
        return cls(tag_names(entities), standing_apart(entities, beside))

    def choices(self) -> dict[str, tuple[str, ...]]:
        """The label of each tag."""
        return {"entity": tuple(label_of(tag) for tag in self.names)}

    def to_manifest(self) -> Labels:
        """The same as a part of the bundle's manifest."""
        return Labels(tags=self.names, apart=self.apart)


@dataclass(frozen=True, slots=True)
class Example:
    """One row as ids.

    Attributes:
        tokens: The ids of the text.
        columns: The tag of each; ``IGNORED`` at special tokens.
    """

    tokens: tuple[int, ...]
    columns: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.tokens)


def examples_of(encoder: TextEncoder, rows: Sequence[Row], tags: Tags) -> list[Example]:
    """One example per row, in order; a long text's is its beginning."""
    places = {name: column for column, name in enumerate(tags.names)}
    encodings = encoder.tokens.encode([row.text for row in rows])
    return [
        Example(tuple(encoded.ids), tag_columns(encoded.offsets, row.entities, places))
        for row, encoded in zip(rows, encodings, strict=True)
    ]


def collate(chosen: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs, and the target ``tags`` [b, s]."""
    inputs = padded([example.tokens for example in chosen])
    tags = np.full(tuple(inputs["input_ids"].shape), IGNORED)
    for row, example in enumerate(chosen):
        tags[row, : len(example)] = example.columns
    return inputs, {"tags": torch.from_numpy(tags)}
