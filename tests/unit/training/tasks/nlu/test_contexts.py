from __future__ import annotations

import numpy as np

from services.training.fitting.batching import batches
from services.training.tasks.nlu.contexts import alone, emphasised, in_mixed_contexts
from services.training.tasks.nlu.examples import Example, collate


def example(length: int, context: tuple[int, ...] = ()) -> Example:
    return Example(ids=tuple(range(1, length + 1)), tags=(0,) * length, intent=0, sentiment=0, context=context)


def chance() -> np.random.Generator:
    return np.random.default_rng(0)


def test_rows_without_any_context_are_left_as_they_are() -> None:
    rows = [example(9), example(3)]
    assert in_mixed_contexts(rows, chance()) is rows


def test_one_model_reads_rows_with_and_without_their_context() -> None:
    rows = [example(5, (7, 8))] * 400
    kept = [row.context for row in in_mixed_contexts(rows, chance())]
    assert 0.05 < kept.count(()) / len(kept) < 0.15
    assert set(kept) == {(), (7, 8)}


def test_only_longer_rows_are_lent_a_context() -> None:
    rows = [example(4), example(12)] * 200 + [example(5, (7, 8))]
    mixed = in_mixed_contexts(rows, chance(), lent=0.5)
    lent = [len(row.ids) for row in mixed[:-1] if row.context]
    assert set(lent) == {12}
    assert 60 < len(lent) < 140


def test_a_context_stands_behind_the_text_and_carries_no_tags() -> None:
    (batch,) = batches([example(3, (9, 9)), alone(example(4, (9,)))], 2, collate)
    assert batch.inputs["input_ids"].tolist() == [[1, 2, 3, 4, 0], [1, 2, 3, 9, 9]]
    assert batch.inputs["token_type_ids"].tolist() == [[0, 0, 0, 0, 0], [0, 0, 0, 1, 1]]
    assert batch.targets["tags"].tolist() == [[0, 0, 0, 0, -100], [0, 0, 0, -100, -100]]


def test_few_rows_with_a_context_are_read_twice_and_many_are_not() -> None:
    plain, contextual = [example(9)] * 10, [example(5, (7, 8))]
    assert [len(row.context) for row in emphasised([*plain, *contextual])] == [*[0] * 10, 2, 2]
    assert emphasised(contextual * 3) == contextual * 3
    assert emphasised(plain) == plain
