"""A ranker puts new items where their texts belong, not last."""

from __future__ import annotations

import numpy as np
import torch

from services.training.tasks.recommendation.ranker import Choice, Ranker, choice, choices_of, fit_ranker
from shared.tasks.recommendation.neighbours import Floats
from shared.tasks.recommendation.popularity import WIDTH
from shared.tasks.recommendation.signals import COLUMNS, as_if_new

ITEMS, PEOPLE = 40, 60
#: The first column of texts: the four behind are of the category, the price, and whether the item is new.
TEXT = COLUMNS - 6


def person(chance: np.random.Generator) -> tuple[Floats, int]:
    """Signals of items that all have been chosen before, of which one is chosen next that is popular, and likely by its text."""
    signals = np.zeros((ITEMS, COLUMNS), np.float32)
    signals[:, :WIDTH] = chance.uniform(0.5, 1.0, (ITEMS, WIDTH))
    signals[:, TEXT] = chance.uniform(0.0, 0.5, ITEMS)
    right = int(chance.integers(ITEMS))
    signals[right, TEXT] = 0.9
    signals[right, :WIDTH] += 1.0
    return signals, right


def learned(*, with_new: bool) -> Ranker:
    chance, everything = np.random.default_rng(0), np.arange(ITEMS, dtype=np.int32)
    told: list[Choice] = []
    for _ in range(PEOPLE):
        signals, right = person(chance)
        told += (
            choices_of(signals, right, everything, chance) if with_new else [choice(signals, right, everything, chance)]
        )
    return fit_ranker(told, seed=0)


def rank_of_a_new_item(ranker: Ranker) -> float:
    """The mean place, from 1, of the right item as if it were new."""
    chance, places = np.random.default_rng(1), []
    for _ in range(30):
        signals, right = person(chance)
        with torch.no_grad():
            scores = ranker(torch.from_numpy(as_if_new(signals, np.array([right], np.int32)))).numpy()
        places.append(int((scores >= scores[right]).sum()))
    return float(np.mean(places))


def test_a_new_item_stands_where_its_text_belongs() -> None:
    assert rank_of_a_new_item(learned(with_new=True)) < 3
    assert rank_of_a_new_item(learned(with_new=False)) > ITEMS / 2


def test_an_item_taken_for_new_keeps_what_is_said_of_it_and_nothing_that_was_done_with_it() -> None:
    signals, right = person(np.random.default_rng(2))
    new = as_if_new(signals, np.array([right], np.int32))
    assert not new[right, :WIDTH].any()
    assert (new[right, TEXT], new[right, -1]) == (signals[right, TEXT], 1.0)
    assert (np.delete(new, right, axis=0) == np.delete(signals, right, axis=0)).all()
