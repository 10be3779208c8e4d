"""How well answers are found: quick scores for choosing weights, and the full evaluation of answers as served."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.training.fitting.prediction import Found
from services.training.reporting.figures import MAX_MISTAKES, Evaluation, Mistake
from services.training.tasks.question_answering.examples import NOWHERE, Example
from shared.artifacts.manifest import Calibration
from shared.inference.predictor import Predictor
from shared.tasks.question_answering.reader import OUTPUT
from shared.tasks.question_answering.record import Input, Row
from shared.tasks.question_answering.spans import Best, best_span, margin

QUALITY = ("f1", "exact_match")

_ARTICLES = re.compile(r"\b(a|an|the)\b")
#: A word of letters and digits, or one character of a script without blanks.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


def quick_scores(outputs: Found, examples: Sequence[Example]) -> dict[str, float]:
    """``f1`` over tokens, 0..1: of each row, that of the likeliest answer of all its windows, or of none."""
    rows: dict[int, list[tuple[Example, Best]]] = {}
    for example, best in zip(examples, _bests(outputs, examples), strict=True):
        rows.setdefault(example.row, []).append((example, best))
    found = []
    for windows in rows.values():
        example, best = max(windows, key=lambda pair: pair[1].score)
        is_told = margin([one for _, one in windows]) >= 0
        if not any(one.spans for one, _ in windows):
            found.append(float(not is_told))
        else:
            found.append(
                max((_overlap((best.first, best.last), span) for span in example.spans), default=0.0) * is_told
            )
    return {"f1": float(np.mean(found))} if found else {}


def calibrate(outputs: Found, examples: Sequence[Example]) -> Calibration:
    """How much better than none an answer must be so that rows with and without one are told apart best."""
    rows: dict[int, list[Best]] = {}
    answerable: dict[int, bool] = {}
    for example, best in zip(examples, _bests(outputs, examples), strict=True):
        rows.setdefault(example.row, []).append(best)
        answerable[example.row] = answerable.get(example.row, False) or example.span != NOWHERE
    truths = np.array([answerable[row] for row in rows])
    if truths.all() or not truths.any():
        return Calibration()
    margins = np.array([margin(windows) for windows in rows.values()])
    tried = np.quantile(margins, np.linspace(0.02, 0.98, 49))
    accuracy = [float(((margins >= one) == truths).mean()) for one in tried]
    equal = [one for one, score in zip(tried, accuracy, strict=True) if score >= max(accuracy) - 1e-9]
    return Calibration(margin=float(equal[len(equal) // 2]))


def evaluate(predictor: Predictor, rows: Sequence[Row]) -> Evaluation:
    """Ask a model about rows, and compare its answers with theirs; see ``judged``."""
    predictions = predictor.predict([Input(question=row.question, context=row.context) for row in rows])
    return judged(rows, [prediction.answer for prediction in predictions])


def judged(rows: Sequence[Row], answers: Sequence[Mapping[str, Any]]) -> Evaluation:
    """``exact_match`` and ``f1`` as SQuAD has them (Rajpurkar et al. 2018, arXiv:1806.03822), and ``answerable_accuracy``.

    Letter case, punctuation and English articles do not count; words of a script without blanks are single characters.
    """
    if not rows:
        return Evaluation(0, {}, {})
    exact, f1, mistakes = [], [], []
    for row, answer in zip(rows, answers, strict=True):
        told = str(answer["answer"] or "")
        wanted = [span.text for span in row.answers] or [""]
        exact.append(max(float(_words(told) == _words(text)) for text in wanted))
        f1.append(max(word_f1(told, text) for text in wanted))
        if not f1[-1]:
            mistakes.append(Mistake(row.question, "answer", wanted[0], told, float(answer.get("score", 1.0))))
    scores = {"exact_match": float(np.mean(exact)), "f1": float(np.mean(f1))}
    if any(not row.answers for row in rows):
        right = [bool(row.answers) == (answer["answer"] is not None) for row, answer in zip(rows, answers, strict=True)]
        scores["answerable_accuracy"] = float(np.mean(right))
    mistakes.sort(key=lambda mistake: -mistake.confidence)
    return Evaluation(len(rows), scores, {}, (), tuple(mistakes[:MAX_MISTAKES]))


def word_f1(one: str, other: str) -> float:
    """F1 over the words that two answers share, 0..1; 1 if both are empty."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return float(first == second)
    shared = sum((Counter(first) & Counter(second)).values())
    return 2 * shared / (len(first) + len(second))


def nearest_sentence(row: Row) -> Mapping[str, Any]:
    """The sentence of the context that shares most words with the question: what is to be beaten."""
    sentences = [part for part in re.split(r"(?<=[.!?。！？])\s*", row.context) if part.strip()] or [row.context]
    question = Counter(_words(row.question))
    best = max(
        sentences, key=lambda part: sum((Counter(_words(part)) & question).values()) / (len(_words(part)) or 1) ** 0.5
    )
    return {"answer": best, "score": 1.0}


def _bests(outputs: Found, examples: Sequence[Example]) -> list[Best]:
    return [
        best_span(logits, np.array(example.places)) if any(example.places) else Best(0, 0, -np.inf, 0.0, 0.0, 1.0)
        for logits, example in zip(outputs[OUTPUT], examples, strict=True)
    ]


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    shared = min(one[1], other[1]) - max(one[0], other[0]) + 1
    return 2 * shared / (one[1] - one[0] + other[1] - other[0] + 2) if shared > 0 else 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(_ARTICLES.sub(" ", unicodedata.normalize("NFKC", text).casefold()))
