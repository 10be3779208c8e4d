"""How well models find spans: quick scores for choosing weights, and the full evaluation of answers as served."""

from __future__ import annotations

from collections.abc import Sequence

from services.training.fitting.prediction import Found
from services.training.reporting.figures import MAX_MISTAKES, Evaluation, Mistake
from services.training.tagging.scores import entity_scores, token_f1
from services.training.tasks.token_classification.examples import Example, Tags
from shared.inference.predictor import Predictor
from shared.rows.spans import Entity
from shared.tasks.token_classification.reader import OUTPUT
from shared.tasks.token_classification.record import Input, Row

QUALITY = ("entity_f1",)

_TRUTH_SHOWN = 8


def quick_scores(outputs: Found, examples: Sequence[Example], tags: Tags) -> dict[str, float]:
    """``entity_f1`` over tokens, 0..1."""
    found = token_f1(outputs[OUTPUT], [example.columns for example in examples], tags.names)
    return {} if found is None else {"entity_f1": found}


def evaluate(predictor: Predictor, rows: Sequence[Row]) -> Evaluation:
    """Ask a model about rows, and compare the spans that it finds with theirs; see ``judged``."""
    predictions = predictor.predict([Input(row.text) for row in rows])
    found = [
        tuple(Entity(span["start"], span["end"], span["label"]) for span in prediction.answer["entities"])
        for prediction in predictions
    ]
    return judged(rows, found)


def judged(rows: Sequence[Row], found: Sequence[tuple[Entity, ...]]) -> Evaluation:
    """Compare spans: ``entity_f1`` (micro, whole spans). The table is ``entity``.

    Args:
        rows: Labelled rows.
        found: What was found in each.
    """
    if not any(row.entities for row in rows):
        return Evaluation(len(rows), {}, {})
    labels, f1 = entity_scores([row.text for row in rows], [row.entities for row in rows], found)
    mistakes = [
        Mistake(row.text, "entity", _listed(row, row.entities), _listed(row, told), 1.0)
        for row, told in zip(rows, found, strict=True)
        if row.entities != told
    ]
    return Evaluation(len(rows), {"entity_f1": f1}, {"entity": labels}, (), tuple(mistakes[:MAX_MISTAKES]))


def _listed(row: Row, spans: Sequence[Entity]) -> str:
    """Spans for people."""
    return ", ".join(f"{row.text[span.start : span.end]} ({span.label})" for span in spans[:_TRUTH_SHOWN])
