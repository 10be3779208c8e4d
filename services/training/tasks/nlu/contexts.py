"""Rows in the conversation that they stand in, in none, and in another one: how a model learns to use a context and not to lean on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.training.fitting.recipe import Recipe
from services.training.tasks.nlu.examples import Example

#: Tokens from which a text stands for itself, so that what was said before it must change nothing; special tokens included.
_STANDS_ALONE = 8


def alone(example: Example) -> Example:
    """The example without its context."""
    return replace(example, context=()) if example.context else example


def in_context(example: Example, context: tuple[int, ...]) -> Example:
    """The example in a given context."""
    return replace(example, context=context)


def in_mixed_contexts(examples: Sequence[Example], chance: np.random.Generator, recipe: Recipe) -> Sequence[Example]:
    """The examples of one epoch, in their order; where no row has a context, they are as they were.

    A row loses its context with the chance of ``context_dropout``; a longer row without one is lent another row's with that of
    ``lent_contexts``: otherwise a model would take it for new that something was said before, as it was before nearly every message.

    Args:
        examples: The rows.
        chance: Where the choices come from.
        recipe: The two chances.
    """
    contexts = [example.context for example in examples if example.context]
    if not contexts:
        return examples
    draws, lent = chance.random(len(examples)), chance.integers(len(contexts), size=len(examples))
    return [
        _mixed(example, float(draw), contexts[number], recipe)
        for example, draw, number in zip(examples, draws, lent, strict=True)
    ]


def _mixed(example: Example, draw: float, lent: tuple[int, ...], recipe: Recipe) -> Example:
    if example.context:
        return alone(example) if draw < recipe.context_dropout else example
    stands_alone = len(example.ids) >= _STANDS_ALONE
    return in_context(example, lent) if stands_alone and draw < recipe.lent_contexts else example
