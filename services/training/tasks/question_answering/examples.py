"""Rows as windows of token ids, and where in each the answer begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from services.training.fitting.batching import padded
from services.training.models.text_encoder import TextEncoder
from shared.artifacts.manifest import Labels
from shared.inference.pairs import PairTokens
from shared.inference.tokens import Encoded
from shared.tasks.question_answering.record import Row, Span
from shared.tasks.question_answering.spans import places_of


@dataclass(frozen=True, slots=True)
class Answerability:
    """What there is to learn besides where answers stand: whether there is always one."""

    unanswerable: bool

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Answerability:
        """Whether some row has no answer."""
        return cls(any(not row.answers for row in rows))

    def to_manifest(self) -> Labels:
        """The same as a part of the bundle's manifest."""
        return Labels(unanswerable=self.unanswerable)


@dataclass(frozen=True, slots=True)
class Example:
    """One window of one row as ids.

    Attributes:
        tokens: Of question and context.
        behind: How many of the last are the context's.
        places: Which tokens may begin or end an answer.
        span: First and last token of the answer; the first token of all where it does not stand in this window.
        row: Windows of one row have the same number.
        spans: The same of every right answer.
    """

    tokens: tuple[int, ...]
    behind: int
    places: tuple[bool, ...]
    span: tuple[int, int]
    row: int
    spans: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.tokens)


NOWHERE = (0, 0)


def examples_of(encoder: TextEncoder, rows: Sequence[Row], _schema: Answerability) -> list[Example]:
    """The windows of each row, in order."""
    windows = PairTokens(encoder.tokens).windows([row.question for row in rows], [row.context for row in rows])
    return [_example(window, row, number) for number, row in enumerate(rows) for window in windows[number]]


def collate(chosen: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs, and the targets ``span`` [b, 2] and ``allowed`` [b, s]: the places of the context, and the first token of all."""
    inputs = padded([example.tokens for example in chosen], [example.behind for example in chosen])
    allowed = np.zeros(tuple(inputs["input_ids"].shape), dtype=bool)
    for row, example in enumerate(chosen):
        allowed[row, : len(example)] = example.places
        allowed[row, 0] = True
    targets = {"span": torch.tensor([example.span for example in chosen]), "allowed": torch.from_numpy(allowed)}
    return inputs, targets


def _example(window: Encoded, row: Row, number: int) -> Example:
    spans = tuple(found for answer in row.answers if (found := _tokens_of(window, answer)) is not None)
    places = tuple(bool(place) for place in places_of(window))
    return Example(tuple(window.ids), window.context, places, spans[0] if spans else NOWHERE, number, spans)


def _tokens_of(window: Encoded, answer: Span) -> tuple[int, int] | None:
    """First and last token that an answer touches; ``None`` unless all of it stands in the window."""
    touched = [
        place
        for place, (start, end) in enumerate(window.offsets)
        if end > start and start < answer.end and end > answer.start
    ]
    if not touched:
        return None
    first, last = touched[0], touched[-1]
    is_whole = window.offsets[first][0] <= answer.start and window.offsets[last][1] >= answer.end
    return (first, last) if is_whole else None
