"""The split: nothing leaks, every label is on every side, and it is nearly the same when rows are added."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.data import splitting
from services.training.data.splitting import Split, split, thinned
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row

_LABELS = ("order", "refund", "greet", None)


def _rows(count: int, prefix: str = "text") -> list[Row]:
    return [Row(f"{prefix} {number}", intent=f"intent {number % 4}") for number in range(count)]


def _texts(rows: tuple[Row, ...]) -> set[str]:
    return {row.key for row in rows}


def _sides(parts: Split[Row]) -> tuple[set[str], set[str], set[str]]:
    return _texts(parts.train), _texts(parts.validation), _texts(parts.test)


@given(
    st.lists(
        st.builds(
            Row,
            text=st.text("ab \tAB", min_size=1, max_size=4).filter(str.strip),
            intent=st.sampled_from(_LABELS),
            sentiment=st.sampled_from(("negative", "positive")),
        ),
        max_size=60,
    ),
    st.integers(0, 5),
)
def test_every_row_stands_on_exactly_one_side_with_all_of_its_like(rows: list[Row], seed: int) -> None:
    parts = split(rows, seed=seed)
    assert Counter(parts.train + parts.validation + parts.test) == Counter(rows)
    train, validation, test = _sides(parts)
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_shares_and_labels() -> None:
    parts = split(_rows(400), seed=0)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (320, 40, 40)
    for side in (parts.train, parts.validation, parts.test):
        assert len({row.intent for row in side}) == 4


def test_a_label_of_five_texts_is_judged_and_a_label_of_two_is_learned() -> None:
    rows = [Row(f"rare {number}", "rare") for number in range(5)] + [
        Row(f"scarce {number}", "scarce") for number in (1, 2)
    ]
    parts = split(rows + _rows(100), seed=0)
    assert sum(row.intent == "rare" for row in parts.test) == sum(row.intent == "rare" for row in parts.validation) == 1
    assert any(row.intent == "scarce" for row in parts.train)


def test_the_smallest_file_has_all_sides() -> None:
    parts = split([Row(f"text {number}", f"intent {number // 2}") for number in range(10)], seed=0)
    assert len(parts.validation) == len(parts.test) == 1


def test_large_files_hold_out_no_more_than_is_needed() -> None:
    parts = split(_rows(120_000), seed=0)
    assert abs(len(parts.test) - splitting.MAX_HELD_OUT) < 10
    assert abs(len(parts.validation) - splitting.MAX_HELD_OUT) < 10


def test_the_seed_decides() -> None:
    rows = _rows(100)
    assert split(rows, seed=1) == split(rows[::-1], seed=1) == split(rows, seed=1)
    assert split(rows, seed=1).test != split(rows, seed=2).test


def test_added_rows_hardly_change_who_judges() -> None:
    rows = _rows(400)
    before = _texts(split(rows, seed=0).test)
    after = split(rows + _rows(40, "added"), seed=0)
    assert len(before & _texts(after.test)) >= 0.85 * len(before)


def test_own_validation_rows_are_used_and_never_trained_on() -> None:
    rows = _rows(100)
    mine = [Row("TEXT  7", "intent 3"), Row("something new", "intent 0")]
    parts = split(rows, seed=0, validation=mine)
    assert parts.validation == tuple(mine)
    assert "text 7" not in _texts(parts.train) | _texts(parts.test)
    assert (len(parts.train), len(parts.test)) == (89, 10)


def test_texts_that_are_one_to_a_model_stand_on_one_side() -> None:
    spelled = [Row(f"caf\u00e9 {number}", "a") for number in range(50)] + [
        Row(f"cafe\u0301 \u200b{number}", "a") for number in range(50)
    ]
    train, validation, test = _sides(split(spelled, seed=0))
    assert (len(train), len(validation), len(test)) == (40, 5, 5)


def test_one_answer_to_many_questions_is_learned_and_judged() -> None:
    rows = [Row("yes", "affirm", context=(f"Is it {number}?",)) for number in range(50)]
    parts = split(rows, seed=0)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (40, 5, 5)


@pytest.mark.parametrize(("rows", "most", "kept"), [(0, 3, 0), (3, 3, 3), (7, 3, 3), (9, 3, 3)])
def test_thinned_items_are_evenly_chosen(rows: int, most: int, kept: int) -> None:
    chosen = thinned(range(rows), most)
    assert len(chosen) == kept
    assert len({after - before for before, after in pairwise(chosen)}) <= 1


@pytest.mark.parametrize("seed", range(8))
def test_no_entity_label_is_held_out_whole(seed: int) -> None:
    rows = [
        Row(f"text {number}", f"intent {number % 4}", (Entity(0, 4, f"label {number // 3}"),)) for number in range(60)
    ]
    parts = split(rows, seed=seed)
    learned = {entity.label for row in parts.train for entity in row.entities or ()}
    assert len(learned) == 20
    assert min(len(parts.validation), len(parts.test)) > 0
