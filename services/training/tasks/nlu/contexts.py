"""Rows in the conversation that they stand in, in none, and in another one: how a model learns to use a context and not to lean on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.training.tasks.nlu.examples import Example

#: Tokens from which a text stands for itself, so that what was said before it must change nothing; special tokens included.
_STANDS_ALONE = 8

#: Share of the rows with context that an epoch reads without it, so that one model reads both.
CONTEXT_DROPOUT = 0.1
#: Share of the longer rows without context that an epoch reads in another row's, which must change nothing.
LENT_CONTEXTS = 0.1


#: Share of the rows below which those with context are read twice an epoch: so few are learned last.
_FEW = 1 / 3


def alone(example: Example) -> Example:
    """The example without its context."""
    return replace(example, context=()) if example.context else example


def in_context(example: Example, context: tuple[int, ...]) -> Example:
    """The example in a given context."""
    return replace(example, context=context)


def emphasised(examples: Sequence[Example]) -> list[Example]:
    """The examples, and once more those with context where they are few.

    What a short answer means is told by its context alone, and a run of few epochs meets each of them a few times only. A step takes as
    many more rows, so that the run has no more steps.
    """
    contextual = [example for example in examples if example.context]
    return [*examples, *contextual] if len(contextual) < _FEW * len(examples) else list(examples)


def in_mixed_contexts(
    examples: Sequence[Example],
    chance: np.random.Generator,
    *,
    dropout: float = CONTEXT_DROPOUT,
    lent: float = LENT_CONTEXTS,
) -> Sequence[Example]:
    """The examples of one epoch, in their order; where no row has a context, they are as they were.

    A row loses its context with the chance of ``dropout``; a longer row without one is lent another row's with that of
    ``lent``: otherwise a model would take it for new that something was said before, as it was before nearly every message.

    Args:
        examples: The rows.
        chance: Where the choices come from.
        dropout: The first chance.
        lent: The second.
    """
    contexts = [example.context for example in examples if example.context]
    if not contexts:
        return examples
    draws, lenders = chance.random(len(examples)), chance.integers(len(contexts), size=len(examples))
    return [
        _mixed(example, float(draw), contexts[number], dropout, lent)
        for example, draw, number in zip(examples, draws, lenders, strict=True)
    ]


def _mixed(example: Example, draw: float, other: tuple[int, ...], dropout: float, lent: float) -> Example:
    if example.context:
        return alone(example) if draw < dropout else example
    stands_alone = len(example.ids) >= _STANDS_ALONE
    return in_context(example, other) if stands_alone and draw < lent else example
