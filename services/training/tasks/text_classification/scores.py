"""How well models tell labels: quick scores for choosing weights, and the full evaluation of answers as served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import classification_report, f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from services.training.fitting.batching import IGNORED
from services.training.fitting.prediction import Found
from services.training.reporting.classification import judged_choices
from services.training.reporting.figures import (
    MAX_MISTAKES,
    Evaluation,
    Mistake,
    label_score,
    macro_f1,
    quiet,
)
from services.training.tasks.text_classification.examples import Example
from shared.inference.predictor import Predictor
from shared.tasks.text_classification.reader import OUTPUT
from shared.tasks.text_classification.record import Input, Row

QUALITY = ("accuracy", "macro_f1", "micro_f1")

Answer = Mapping[str, Any]


def quick_scores(outputs: Found, examples: Sequence[Example]) -> dict[str, float]:
    """``accuracy``, or ``micro_f1`` where a text may have several labels; 0..1."""
    logits = np.stack(outputs[OUTPUT])
    column = np.array([example.column for example in examples])
    labelled = column != IGNORED
    if labelled.any():
        return {"accuracy": float((logits.argmax(axis=1) == column)[labelled].mean())}
    truths = np.stack([example.columns for example in examples])
    return {"micro_f1": float(f1_score(truths, logits > 0, average="micro", zero_division=0))}


def evaluate(predictor: Predictor, rows: Sequence[Row]) -> Evaluation:
    """Ask a model about rows, and compare what it says with their labels; see ``judged``."""
    predictions = predictor.predict([Input(text=row.text) for row in rows])
    return judged(rows, [prediction.answer for prediction in predictions])


def judged(rows: Sequence[Row], answers: Sequence[Answer]) -> Evaluation:
    """Compare answers with labels.

    The scores: ``accuracy``, ``macro_f1`` and ``calibration_error``; where a text may have several labels ``micro_f1``, ``macro_f1`` and
    ``exact_match``, the share of texts of which all labels are told and no other. The table is ``label``.
    """
    if rows and "labels" in answers[0]:
        return _several(rows, answers)
    return judged_choices([row.text for row in rows], [row.names[0] for row in rows], answers)


def majority(train: Sequence[Row], test: Sequence[Row]) -> Evaluation:
    """What always telling the commonest label, or the commonest set of labels, of the training rows would score."""
    several = any(row.labels is not None for row in train)
    commonest = Counter(tuple(sorted(row.names)) for row in train).most_common(1)[0][0]
    answer = {"labels": list(commonest)} if several else {"label": commonest[0], "confidence": 1.0}
    return judged(test, [answer] * len(test))


def _several(rows: Sequence[Row], answers: Sequence[Answer]) -> Evaluation:
    truths, told = [row.names for row in rows], [tuple(answer["labels"]) for answer in answers]
    names = sorted({name for labels in truths for name in labels})
    every = MultiLabelBinarizer(classes=sorted({*names, *(name for labels in told for name in labels)}))
    columns = [list(every.fit([]).classes_).index(name) for name in names]
    with quiet():
        report = classification_report(
            every.transform(truths),
            every.transform(told),
            labels=columns,
            target_names=names,
            output_dict=True,
            zero_division=0,
        )
        micro = f1_score(every.transform(truths), every.transform(told), average="micro", zero_division=0)
    labels = {name: label_score(report[name]) for name in names}
    exact = [set(truth) == set(answer) for truth, answer in zip(truths, told, strict=True)]
    scores = {"micro_f1": float(micro), "macro_f1": macro_f1(labels), "exact_match": float(np.mean(exact))}
    mistakes = [
        Mistake(row.text, "labels", ", ".join(truth), ", ".join(answer), 1.0)
        for row, truth, answer, is_exact in zip(rows, truths, told, exact, strict=True)
        if not is_exact
    ]
    return Evaluation(len(rows), scores, {"label": labels}, (), tuple(mistakes[:MAX_MISTAKES]))
