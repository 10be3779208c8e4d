"""Rows as tensors: token ids, and labels aligned to the tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from services.training.tasks.nlu.labels import OUTSIDE, LabelSpace
from shared.contracts.understanding import OUT_OF_SCOPE
from shared.errors import TrainingFailed
from shared.inference.tokens import Encoded, Tokens
from shared.rows.row import Row

IGNORED = -100
"""The label id of what is not labelled; it trains nothing."""

OUT_OF_SCOPE_ID = -1
"""The intent id of rows that belong to no intent."""

#: What a model reads, as its graph names it; ``Batch.read`` in the same order.
INPUTS = ("input_ids", "attention_mask", "token_type_ids")

#: Batches per pool: rows are sorted by length only within a pool, so that the order still changes from epoch to epoch.
_POOL_BATCHES = 50


@dataclass(frozen=True, slots=True)
class Example:
    """One row as ids."""

    ids: tuple[int, ...]
    tags: tuple[int, ...]
    """As long as ``ids``; ``IGNORED`` at special tokens, and everywhere if the row's entities are not labelled."""
    intent: int
    """``IGNORED``, ``OUT_OF_SCOPE_ID`` or a column."""
    sentiment: int
    context: tuple[int, ...] = ()
    """What was said before, to be read behind ``ids``."""

    def __len__(self) -> int:
        return len(self.ids) + len(self.context)


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples padded to the longest of them."""

    positions: Tensor
    """[b] int64, where each example stands in the sequence the batch was cut from."""
    input_ids: Tensor
    """[b, s] int64."""
    attention_mask: Tensor
    """[b, s] int64, 1 at tokens, 0 at padding."""
    token_types: Tensor
    """[b, s] int64, 1 at tokens of the context, else 0."""
    tags: Tensor
    """[b, s] int64."""
    intents: Tensor
    """[b] int64."""
    sentiments: Tensor
    """[b] int64."""

    def __len__(self) -> int:
        return len(self.positions)

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self._tensors()))

    def chunks(self, size: int) -> Iterator[Batch]:
        """The same rows in pieces of at most ``size``."""
        for parts in zip(*(torch.split(tensor, size) for tensor in self._tensors()), strict=True):
            yield Batch(*parts)

    def read(self) -> tuple[Tensor, Tensor, Tensor]:
        """What a model reads: ids, mask and types."""
        return self.input_ids, self.attention_mask, self.token_types

    def _tensors(self) -> tuple[Tensor, ...]:
        return (self.positions, *self.read(), self.tags, self.intents, self.sentiments)


class TextEncoder:
    """Turns rows into examples with the tokenizer of the base model.

    Args:
        tokenizer: Changed in place: padding and truncation that its file carries are replaced. (MiniLM's pads every
            text to 128 tokens, eight times the work on short ones.)
        max_length: Tokens kept of each text, special tokens and context included.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.tokens = Tokens(tokenizer, max_length)

    @classmethod
    def load(cls, base: Path, max_length: int) -> TextEncoder:
        """The tokenizer of a base model's directory.

        Raises:
            TrainingFailed: There is no ``tokenizer.json``.
        """
        file = base / "tokenizer.json"
        if not file.is_file():
            raise TrainingFailed(
                f"The base model {base.name} has no tokenizer.json. Choose one that ships a fast tokenizer.",
                param="model",
            )
        return cls(Tokenizer.from_file(str(file)), max_length)

    def save(self, path: Path) -> None:
        """Write the tokenizer without padding and truncation: who reads it sets his own."""
        plain = Tokenizer.from_str(self.tokenizer.to_str())
        plain.no_padding()
        plain.no_truncation()
        plain.save(str(path))

    def encode(self, rows: Sequence[Row], labels: LabelSpace) -> list[Example]:
        """One example per row, in order. A label that the space does not hold counts as not labelled."""
        intents = {name: column for column, name in enumerate(labels.intents)} | {OUT_OF_SCOPE: OUT_OF_SCOPE_ID}
        sentiments = {name: column for column, name in enumerate(labels.sentiments)}
        tags = {name: column for column, name in enumerate(labels.tags)}
        encodings = self.tokens.encode([row.text for row in rows], [row.context for row in rows])
        return [
            Example(
                ids=tuple(encoded.ids[: len(encoded.ids) - encoded.context]),
                tags=_tag_ids(encoded, row, tags),
                intent=intents.get(row.intent, IGNORED) if row.intent is not None else IGNORED,
                sentiment=sentiments.get(row.sentiment, IGNORED) if row.sentiment is not None else IGNORED,
                context=tuple(encoded.ids[len(encoded.ids) - encoded.context :]),
            )
            for row, encoded in zip(rows, encodings, strict=True)
        ]


def batches(examples: Sequence[Example], batch_size: int, rng: np.random.Generator | None = None) -> Iterator[Batch]:
    """Batches of rows of like length, each padded to its longest row with id 0 (masked, so that any id would do).

    Args:
        examples: What to cut.
        batch_size: Rows in a batch at most; the batches are of nearly equal size.
        rng: Shuffles; without it the batches come in order of length, as prediction wants them.
    """
    for positions in _cut(np.array([len(example) for example in examples]), batch_size, rng):
        yield _collated(examples, positions)


def _collated(examples: Sequence[Example], positions: np.ndarray) -> Batch:
    chosen = [examples[position] for position in positions]
    shape = (len(chosen), max(len(example) for example in chosen))
    input_ids, mask, types, tags = (*(np.zeros(shape, np.int64) for _ in range(3)), np.full(shape, IGNORED))
    for row, example in enumerate(chosen):
        text, whole = len(example.ids), len(example)
        input_ids[row, :whole] = (*example.ids, *example.context)
        mask[row, :whole], types[row, text:whole], tags[row, :text] = 1, 1, example.tags
    return Batch(
        positions=torch.from_numpy(positions),
        input_ids=torch.from_numpy(input_ids),
        attention_mask=torch.from_numpy(mask),
        token_types=torch.from_numpy(types),
        tags=torch.from_numpy(tags),
        intents=torch.tensor([example.intent for example in chosen]),
        sentiments=torch.tensor([example.sentiment for example in chosen]),
    )


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


def _tag_ids(encoded: Encoded, row: Row, tags: Mapping[str, int]) -> tuple[int, ...]:
    """BIO by character offsets: the first token that touches an entity is its B, the others are its I."""
    offsets = encoded.offsets[: len(encoded.ids) - encoded.context]
    if row.entities is None or not tags:
        return (IGNORED,) * len(offsets)
    ids = [tags[OUTSIDE] if end > start else IGNORED for start, end in offsets]
    for entity in row.entities:
        prefix = "B"
        for token, (start, end) in enumerate(offsets):
            inside = start < entity.end and end > entity.start
            if inside and ids[token] != IGNORED:
                ids[token] = tags.get(f"{prefix}-{entity.label}", IGNORED)
                prefix = "I"
    return tuple(ids)
