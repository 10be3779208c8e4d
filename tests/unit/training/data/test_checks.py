"""Too little data is refused before any time is spent, with every reason."""

from __future__ import annotations

import pytest

from services.training.data.checks import require_enough, require_known_labels
from shared.errors import TrainingFailed
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row


def _rows(count: int, *, intents: int = 2) -> list[Row]:
    return [Row(f"text {number}", f"intent {number % intents}") for number in range(count)]


def test_enough_is_enough() -> None:
    require_enough(_rows(10))
    require_enough([*_rows(10), Row("no idea", "out_of_scope"), Row("what?", "out_of_scope")])


def test_repeated_texts_count_once() -> None:
    with pytest.raises(TrainingFailed, match="5 different texts"):
        require_enough([*_rows(5), *_rows(5)])


def test_the_same_answer_to_another_question_counts() -> None:
    require_enough([Row("no", f"intent {number % 2}", context=(f"Question {number}?",)) for number in range(10)])


def test_a_head_needs_a_choice() -> None:
    with pytest.raises(TrainingFailed, match="same intent 'intent 0'"):
        require_enough([*_rows(12, intents=1), Row("off", "out_of_scope"), Row("topic", "out_of_scope")])
    with pytest.raises(TrainingFailed, match="same sentiment 'neutral'"):
        require_enough([Row(row.text, row.intent, sentiment="neutral") for row in _rows(12)])


def test_labels_seen_once_are_named() -> None:
    rows = [*_rows(12), Row("only here", "lonely"), Row("to Rome", entities=(Entity(3, 7, "city"),))]
    with pytest.raises(TrainingFailed) as caught:
        require_enough(rows)
    assert "as intent: lonely" in caught.value.message
    assert "as entity: city" in caught.value.message
    assert (caught.value.code, caught.value.param) == ("not_enough_data", "training_file")


def test_a_long_list_is_cut() -> None:
    with pytest.raises(TrainingFailed, match=r"intent 17 and 20 more"):
        require_enough(_rows(30, intents=30))


def test_validation_labels_must_be_learnable() -> None:
    require_known_labels(_rows(10), [Row("x", "out_of_scope"), Row("y", "intent 1")])
    with pytest.raises(TrainingFailed, match="intent labels that the training file lacks: other") as caught:
        require_known_labels(_rows(10), [Row("x", "other")])
    assert caught.value.param == "validation_file"
