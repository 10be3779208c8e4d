"""Scores against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from services.training.reporting.confusion import confusion_png
from services.training.reporting.figures import Evaluation, LabelScore, calibration_error
from services.training.tasks.nlu.evaluation import evaluate, majority
from shared.contracts.chat.understanding import (
    OUT_OF_SCOPE,
    EntitySpan,
    IntentScore,
    Sentiment,
    SentimentLabel,
    Understanding,
)
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row


def _told(
    served: str,
    ranked: str | None = None,
    *,
    spans: tuple[EntitySpan, ...] = (),
    sentiment: SentimentLabel | None = None,
) -> Understanding:
    return Understanding(
        model="m",
        intent=IntentScore(name=served, confidence=0.8),
        ranking=(IntentScore(name=ranked or served, confidence=0.8),),
        entities=spans,
        sentiment=Sentiment(label=sentiment, score=0.0, confidence=0.6) if sentiment else None,
    )


def _span(start: int, end: int, label: str) -> EntitySpan:
    return EntitySpan(start=start, end=end, label=label, text="x" * (end - start), confidence=1.0)


def test_intents_and_scope() -> None:
    rows = [Row("1", "a"), Row("2", "a"), Row("3", "b"), Row("4", "b"), Row("5", OUT_OF_SCOPE), Row("6", OUT_OF_SCOPE)]
    told = [
        _told("a"),
        _told("b"),
        _told("b"),
        _told(OUT_OF_SCOPE, "b"),  # the head was right, the threshold was not
        _told(OUT_OF_SCOPE, "a"),
        _told("a"),
    ]
    found = evaluate(rows, told, np.array([3, 2, 3, 1, 0, 2.5], np.float32))
    assert found.scores["intent_accuracy"] == pytest.approx(3 / 4)
    assert found.scores["intent_kept_accuracy"] == pytest.approx(2 / 4)
    assert found.scores["intent_served_accuracy"] == pytest.approx(3 / 6)
    assert found.scores["out_of_scope_recall"] == pytest.approx(1 / 2)
    assert found.scores["in_scope_rejection"] == pytest.approx(1 / 4)
    assert found.scores["out_of_scope_auroc"] == pytest.approx(6 / 8)
    assert found.scores["intent_calibration_error"] == pytest.approx(0.8 - 3 / 6)
    assert found.labels["intent"]["a"] == LabelScore(precision=0.5, recall=0.5, f1=0.5, support=2)
    assert found.labels["intent"][OUT_OF_SCOPE] == LabelScore(precision=0.5, recall=0.5, f1=0.5, support=2)
    assert found.scores["intent_macro_f1"] == pytest.approx(0.5)
    assert found.pairs[3] == ("b", OUT_OF_SCOPE)


def test_entities_count_only_whole() -> None:
    rows = [
        Row("to New York on Monday", entities=(Entity(3, 11, "city"), Entity(15, 21, "date"))),
        Row("nothing here", entities=()),
        Row("not labelled"),
    ]
    told = [
        _told("a", spans=(_span(3, 6, "city"), _span(15, 21, "date"))),
        _told("a", spans=(_span(0, 7, "city"),)),
        _told("a", spans=(_span(0, 3, "city"),)),
    ]
    found = evaluate(rows, told)
    assert found.scores == {"entity_f1": pytest.approx(2 / 5)}  # one right of three told and two wanted
    assert found.labels["entity"]["city"] == LabelScore(0.0, 0.0, 0.0, 1)
    assert found.labels["entity"]["date"] == LabelScore(1.0, 1.0, 1.0, 1)


def test_sentiments() -> None:
    rows = [Row("1", sentiment="negative"), Row("2", sentiment="positive"), Row("3", sentiment="positive")]
    told = [_told("a", sentiment="negative"), _told("a", sentiment="negative"), _told("a", sentiment="positive")]
    found = evaluate(rows, told)
    assert found.scores["sentiment_accuracy"] == pytest.approx(2 / 3)
    assert found.scores["sentiment_macro_f1"] == pytest.approx(2 / 3)
    assert found.scores["sentiment_calibration_error"] == pytest.approx(abs(0.6 - 2 / 3))


def test_calibration_error_weighs_bins_by_size() -> None:
    right = np.array([True, True, False, False])
    assert calibration_error([1.0, 1.0, 0.5, 0.5], right) == pytest.approx(0.25)


def test_the_figure_to_beat_is_the_commonest_label() -> None:
    rows = [
        Row("1", "a", (), "neutral"),
        Row("2", "a", None, "neutral"),
        Row("3", "b", (Entity(0, 1, "x"),), "negative"),
    ]
    found = evaluate(rows, majority(rows, len(rows)))
    assert found.scores["intent_accuracy"] == found.scores["sentiment_accuracy"] == pytest.approx(2 / 3)
    assert found.scores["entity_f1"] == 0.0


def test_it_survives_as_json() -> None:
    found = Evaluation(3, {"entity_f1": 0.5}, {"entity": {"x": LabelScore(1.0, 0.5, 0.6, 2)}})
    assert found.to_json()["labels"]["entity"]["x"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6, "support": 2}


def test_confusion_matrices_of_any_size_are_pictures() -> None:
    few = [("a", "a"), ("a", "b"), ("b", "b")]
    many = [(f"label {number}", f"label {(number * 7) % 60}") for number in range(60)]
    for pairs in (few, many):
        assert confusion_png(pairs).startswith(b"\x89PNG")
