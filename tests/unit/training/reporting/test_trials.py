"""An eval as the gate of a promotion."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from services.training.reporting.trials import EvalVerdict, answered, sample_named
from shared.contracts.training.jobs import JobSpec, Promotion, PromotionEval
from shared.contracts.training.tasks import TaskName
from shared.errors import InvalidInput
from shared.evals.figures import compared
from shared.evals.trial import Trial, read_trial
from shared.inference.predictor import Prediction

GRADER = {"type": "classification", "name": "right", "input": "{{sample.output_text}}", "reference": "{{item.label}}"}


class Parrot:
    """Answers with the last word of a text, or with nothing that has a label."""

    model_id = "ft:parrot"
    task: TaskName = "text_classification"

    def predict(self, rows: Sequence[Any]) -> list[Prediction]:
        words = [str(row.text).split()[-1] for row in rows]
        return [Prediction({"label": word} if word != "mute" else {}, 1) for word in words]

    def close(self) -> None:
        """Nothing is held."""


def _trial(*items: Mapping[str, Any], **asked: Any) -> Trial:
    stream = io.BytesIO("\n".join(json.dumps({"item": item}) for item in items).encode())
    wanted = PromotionEval(id="eval_1", file="file-1", **asked)
    return read_trial(wanted, [GRADER], stream, "text_classification")


def test_every_row_is_scored_and_what_cannot_be_graded_is_wrong() -> None:
    items = [{"text": f"number {number} good", "label": "good"} for number in range(70)]
    told = answered(_trial(*items, {"text": "mute", "label": "good"}), Parrot())
    assert [row for row, _ in told] == list(range(71))
    assert [results[0]["score"] for _, results in told] == [1.0] * 70 + [0.0]


def test_templates_make_what_is_asked_about() -> None:
    trial = _trial({"words": "so good", "label": "x"}, input={"text": "it is {{item.words}}"})
    assert trial.inputs[0].text == "it is so good"


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([], "1 to 5000 rows"),
        ([{"label": "x"}], "Row 1: the row has nothing at 'item.text'"),
        ([{"text": "a"}, {"text": ["a"]}], "Row 2"),
    ],
)
def test_rows_that_cannot_be_asked_about_are_named(items: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        _trial(*items)


@pytest.mark.parametrize(("least_gain", "passes"), [(-0.2, True), (-0.1, True), (-0.05, False), (0.0, False)])
def test_the_whole_interval_has_to_lie_above_the_least_gain(least_gain: float, *, passes: bool) -> None:
    asked = PromotionEval(id="eval_1", file="file-1", least_gain=least_gain, level=0.9)
    criteria = {"right": {"baseline": 0.8, "candidate": 0.75, "difference": -0.05, "low": -0.1, "high": 0.02}}
    verdict = EvalVerdict(asked, 100, criteria)
    assert verdict.passed is passes
    assert "right 0.750, in production 0.800 (difference -0.050, 90.0% interval -0.100 to +0.020)" in str(verdict)
    assert verdict.to_json()["criteria"] == criteria


def test_a_wider_level_gives_a_wider_interval() -> None:
    def results(*scores: float) -> list[tuple[int, list[dict[str, Any]]]]:
        return [(row, [{"name": "right", "score": score}]) for row, score in enumerate(scores)]

    before, after = results(*[0.0, 1.0] * 30), results(*[1.0, 1.0, 0.0] * 20)
    narrow, wide = (compared(before, after, level)["right"] for level in (0.5, 0.99))
    assert wide["low"] < narrow["low"] <= narrow["difference"] <= narrow["high"] < wide["high"]


def test_answers_of_every_kind_have_words() -> None:
    assert sample_named({"intent": {"name": "refund", "confidence": 0.9}})["output_text"] == "refund"
    assert sample_named({"text": '{"a": 1}'})["output_text"] == '{"a": 1}'
    assert sample_named({"score": 0.5}) == {"output_text": '{"score":0.5}', "output_json": {"score": 0.5}}


def test_jobs_of_an_older_release_have_no_eval() -> None:
    old = {"model": "minilm", "training_file": "file-1", "promotion": {"mode": "auto", "dialogues": None}}
    assert JobSpec.model_validate(old).promotion == Promotion()
