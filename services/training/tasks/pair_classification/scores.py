"""How well models tell pairs: quick scores for choosing weights, and the full evaluation of answers as served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from services.training.fitting.batching import IGNORED
from services.training.fitting.pair_examples import PairExample
from services.training.fitting.prediction import Found
from services.training.models.pooled_head import LOGITS
from services.training.reporting.classification import judged_choices
from services.training.reporting.figures import Evaluation
from shared.inference.predictor import Predictor
from shared.tasks.pair_classification.record import Input, Row

QUALITY = ("accuracy", "macro_f1", "spearman")

Answer = Mapping[str, Any]


def quick_scores(outputs: Found, examples: Sequence[PairExample]) -> dict[str, float]:
    """``accuracy``, or ``spearman`` where pairs have scores; 0..1, 0 standing for every correlation below."""
    logits = np.stack(outputs[LOGITS])
    column = np.array([example.column for example in examples])
    if (column != IGNORED).any():
        return {"accuracy": float((logits.argmax(axis=1) == column)[column != IGNORED].mean())}
    return {"spearman": max(0.0, _correlation(spearmanr, logits[:, 0], [example.score for example in examples]))}


def evaluate(predictor: Predictor, rows: Sequence[Row]) -> Evaluation:
    """Ask a model about rows, and compare what it says with their labels or scores; see ``judged``."""
    predictions = predictor.predict([Input(text=row.text, text_pair=row.text_pair) for row in rows])
    return judged(rows, [prediction.answer for prediction in predictions])


def judged(rows: Sequence[Row], answers: Sequence[Answer]) -> Evaluation:
    """Compare answers with labels (``classification.judged_choices``), or with scores: ``spearman``, ``pearson``, ``mean_absolute_error``."""
    if not rows or rows[0].label is not None:
        texts = [f"{row.text} | {row.text_pair}" for row in rows]
        return judged_choices(texts, [row.label or "" for row in rows], answers)
    told = np.array([float(answer["score"]) for answer in answers])
    truths = np.array([row.score or 0.0 for row in rows])
    scores = {
        "spearman": _correlation(spearmanr, told, truths),
        "pearson": _correlation(pearsonr, told, truths),
        "mean_absolute_error": float(np.abs(told - truths).mean()),
    }
    return Evaluation(len(rows), scores, {})


def majority(train: Sequence[Row], test: Sequence[Row]) -> Evaluation:
    """What always telling the commonest label, or the mean score, of the training rows would score."""
    if train[0].label is None:
        answer: Answer = {"score": float(np.mean([row.score or 0.0 for row in train]))}
    else:
        commonest = Counter(row.label for row in train).most_common(1)[0][0]
        answer = {"label": commonest, "confidence": 1.0}
    return judged(test, [answer] * len(test))


def _correlation(measure: Any, one: Any, other: Any) -> float:
    """Of two series, -1..1; 0 where one of them does not change."""
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(measure(one, other).statistic)
