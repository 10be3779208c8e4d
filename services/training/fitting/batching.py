"""Examples of like length, put together and padded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

#: What an encoder reads, as its graph names it, in the order of its arguments.
INPUTS = ("input_ids", "attention_mask", "token_type_ids")

IGNORED = -100
"""The label id of what is not labelled; it trains nothing."""

#: Batches per pool: rows are sorted by length only within a pool, so that the order still changes from epoch to epoch.
_POOL_BATCHES = 50


class Example(Protocol):
    """A row as ids."""

    def __len__(self) -> int:
        """Its tokens, padding left out."""

    @property
    def tokens(self) -> Sequence[int]:
        """All its ids."""


ExampleT = TypeVar("ExampleT", bound=Example)


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples padded to the longest of them.

    Attributes:
        positions: [b] int64, where each example stands in the sequence the batch was cut from.
        inputs: What the model reads, by the names of its graph; [b, …] each, ``attention_mask`` among them.
        targets: What it should give, under names that the task's loss knows; [b, …] each.
    """

    positions: Tensor
    inputs: Mapping[str, Tensor]
    targets: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def mask(self) -> Tensor:
        """[b, s] int64, 1 at tokens, 0 at padding."""
        return self.inputs["attention_mask"]

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        moved = (
            {name: tensor.to(device, non_blocking=True) for name, tensor in part.items()} for part in self._parts()
        )
        return Batch(self.positions.to(device, non_blocking=True), *moved)

    def chunks(self, size: int) -> Iterator[Batch]:
        """The same rows in pieces of at most ``size``."""
        for start in range(0, len(self), size):
            piece = slice(start, start + size)
            yield Batch(
                self.positions[piece],
                *({name: tensor[piece] for name, tensor in part.items()} for part in self._parts()),
            )

    def every(self, first: int, step: int) -> Batch:
        """One row of so many, beginning with one of the first; none where there are too few."""
        chosen = slice(first, None, step)
        return Batch(
            self.positions[chosen],
            *({name: tensor[chosen] for name, tensor in part.items()} for part in self._parts()),
        )

    def _parts(self) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        return self.inputs, self.targets


@dataclass(frozen=True, slots=True)
class Counted:
    """How much of a whole batch is labelled; a loss over a piece of it is divided by these, so that the pieces' gradients add up.

    Attributes:
        rows: Of the batch.
        labelled: What has a loss of its own: rows, or tokens; at least 1, since it divides.
    """

    rows: int
    labelled: int

    @classmethod
    def of(cls, batch: Batch) -> Counted:
        """Where each row has one loss."""
        return cls(len(batch), len(batch))


Collate = Callable[[Sequence[ExampleT]], tuple[dict[str, Tensor], dict[str, Tensor]]]
"""Inputs and targets of some examples, padded to the longest with id 0 (masked, so that any id would do)."""


def padded(texts: Sequence[Sequence[int]], behind: Sequence[int] | None = None) -> dict[str, Tensor]:
    """The inputs of some texts, [b, s] each.

    Args:
        texts: The ids of each.
        behind: How many of the last ids of each are of type 1: a context, or the second text of a pair.
    """
    lengths = np.array([len(ids) for ids in texts])[:, None]
    places = np.arange(lengths.max())
    input_ids = np.zeros((len(texts), len(places)), np.int64)
    for row, ids in enumerate(texts):
        input_ids[row, : len(ids)] = ids
    mask = places < lengths
    types = mask & (places >= lengths - np.array(behind)[:, None]) if behind is not None else np.zeros_like(mask)
    parts = (torch.from_numpy(values.astype(np.int64)) for values in (input_ids, mask, types))
    return dict(zip(INPUTS, parts, strict=True))


def batches(
    examples: Sequence[ExampleT],
    batch_size: int,
    collate: Collate[ExampleT],
    rng: np.random.Generator | None = None,
) -> Iterator[Batch]:
    """Batches of rows of like length.

    Args:
        examples: What to cut.
        batch_size: Rows in a batch at most; the batches are of nearly equal size.
        collate: Puts some of them together.
        rng: Shuffles; without it the batches come in order of length, as prediction wants them.
    """
    for positions in _cut(np.array([len(example) for example in examples]), batch_size, rng):
        yield Batch(torch.from_numpy(positions), *collate([examples[position] for position in positions]))


def together(examples: Sequence[ExampleT], collate: Collate[ExampleT]) -> Batch:
    """All examples as one batch, by length."""
    return next(batches(examples, len(examples), collate))


def _cut(lengths: np.ndarray, batch_size: int, rng: np.random.Generator | None) -> list[np.ndarray]:
    """Positions of the rows of each batch; rows of like length stand together."""
    if rng is None:
        return _slices(np.argsort(lengths, kind="stable"), batch_size)
    found: list[np.ndarray] = []
    for pool in _slices(rng.permutation(len(lengths)), batch_size * _POOL_BATCHES):
        found.extend(_slices(pool[np.argsort(lengths[pool], kind="stable")], batch_size))
    return [found[index] for index in rng.permutation(len(found))]


def _slices(order: np.ndarray, size: int) -> list[np.ndarray]:
    return np.array_split(order, -(-len(order) // size)) if len(order) else []
