from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.training.fitting.batching import IGNORED
from services.training.models.text_encoder import TextEncoder
from services.training.tagging.scores import spans
from services.training.tasks.nlu.examples import OUT_OF_SCOPE_ID, Example, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import Predictions, predict, scores
from tests.unit.training.tiny_base import ROWS, tiny_base

LABELS = LabelSpace.of(ROWS)
CITY = LABELS.tags.index("B-city")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O B-a I-a O", {(1, 3, "a")}),
        ("B-a B-a", {(0, 1, "a"), (1, 2, "a")}),
        ("B-a I-b", {(0, 1, "a"), (1, 2, "b")}),
        ("O I-a I-a", {(1, 3, "a")}),
        ("B-a O I-a", {(0, 1, "a"), (2, 3, "a")}),
        ("O O", set()),
    ],
)
def test_spans_of_tags(tags: str, expected: set[tuple[int, int, str]]) -> None:
    assert spans(tags.split()) == expected


def test_predictions_come_in_the_order_of_the_examples(tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "base")
    examples = examples_of(TextEncoder.load(base, max_length=32), ROWS, LABELS)
    model = JointModel.load(base, LABELS, dropout=0.5).train()

    together = predict(model, examples)

    assert model.training
    assert together.tags is not None
    assert [len(rows) for rows in together.tags] == [len(example.ids) for example in examples]
    for place, example in enumerate(examples):
        assert together.embeddings[place] == pytest.approx(predict(model, [example]).embeddings[0], abs=1e-5)


def example(tags: tuple[int, ...] = (), intent: int = IGNORED, sentiment: int = IGNORED) -> Example:
    return Example((5,) * len(tags), tags, intent, sentiment)


def made_of(tags: list[list[int]]) -> list[np.ndarray]:
    return [np.eye(len(LABELS.tags), dtype=np.float32)[row] for row in tags]


def test_only_labelled_rows_are_scored() -> None:
    examples = [example(intent=0), example(intent=1), example(intent=OUT_OF_SCOPE_ID), example()]
    logits = np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]

    assert scores(Predictions(logits, None, None, logits), examples, LABELS) == {"intent_accuracy": 0.5}


def test_entities_count_whole_or_not_at_all() -> None:
    truth = (IGNORED, CITY, CITY + 1, 0, CITY, IGNORED)
    guess = [CITY, CITY, CITY + 1, 0, CITY, CITY]  # special tokens are not looked at
    half = [0, CITY, 0, 0, CITY, 0]
    examples = [example(truth), example(truth), example((IGNORED,) * 6)]
    found = Predictions(None, made_of([guess, half, guess]), None, np.zeros((3, 2), np.float32))

    assert scores(found, examples, LABELS) == {"entity_f1": 2 * 3 / (4 + 4)}


def test_no_entities_anywhere_is_a_perfect_score() -> None:
    found = Predictions(None, made_of([[0, 0]]), None, np.zeros((1, 2), np.float32))

    assert scores(found, [example((0, 0))], LABELS) == {"entity_f1": 1.0}
