"""How well readings agree with labelled rows. What is scored are the answers of a reader, exactly as they are served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from services.training.reporting.figures import (
    MAX_MISTAKES,
    Evaluation,
    LabelScore,
    Mistake,
    calibration_error,
    macro_f1,
    table,
)
from services.training.tagging.scores import entity_scores
from shared.contracts.chat.understanding import OUT_OF_SCOPE, IntentScore, Sentiment, Understanding
from shared.tasks.nlu.row import Row

#: The scores that a model is compared by: higher is better, and no threshold is hidden in them.
QUALITY = ("intent_accuracy", "intent_macro_f1", "entity_f1", "sentiment_accuracy")


def evaluate(
    rows: Sequence[Row], understandings: Sequence[Understanding], scope_scores: NDArray[np.float32] | None = None
) -> Evaluation:
    """Compare what was understood of each row with its labels.

    The scores: ``intent_accuracy`` of the likeliest in-scope intent on in-scope rows, and ``intent_kept_accuracy`` of the answer as served on
    the same: a rejection counts as wrong; ``intent_served_accuracy``, ``intent_calibration_error`` and ``intent_macro_f1`` of the answer as
    served on all rows, ``out_of_scope`` being one of the labels; ``out_of_scope_recall``, ``in_scope_rejection``, ``out_of_scope_auroc``;
    ``entity_f1`` (micro, whole spans); ``sentiment_accuracy``, ``sentiment_macro_f1``, ``sentiment_calibration_error``. The tables are
    ``intent``, ``entity`` and ``sentiment``.

    Args:
        rows: Labelled rows.
        understandings: One for each, in their order.
        scope_scores: How surely each row is in scope, [n], if the model can tell.
    """
    pairs = list(zip(rows, understandings, strict=True))
    scores: dict[str, float] = {}
    labels: dict[str, dict[str, LabelScore]] = {}
    intents = [
        (row.intent, _intent(predicted))
        for row, predicted in pairs
        if row.intent is not None and predicted.intent is not None
    ]
    if intents:
        scores |= _intent_scores(pairs)
        labels["intent"] = table(intents)
        scores["intent_macro_f1"] = macro_f1(labels["intent"])
        scores |= _scope(rows, intents, scope_scores)
    tagged = [(row, predicted) for row, predicted in pairs if row.entities is not None]
    if any(row.entities for row, _ in tagged):
        truths = [row.entities or () for row, _ in tagged]
        found = [predicted.entities for _, predicted in tagged]
        labels["entity"], scores["entity_f1"] = entity_scores([row.text for row, _ in tagged], truths, found)
    felt = [(row.sentiment, predicted.sentiment) for row, predicted in pairs if row.sentiment and predicted.sentiment]
    if felt:
        labels["sentiment"] = table([(truth, predicted.label) for truth, predicted in felt])
        right = np.array([truth == predicted.label for truth, predicted in felt])
        scores["sentiment_accuracy"] = float(right.mean())
        scores["sentiment_macro_f1"] = macro_f1(labels["sentiment"])
        scores["sentiment_calibration_error"] = calibration_error(
            [predicted.confidence for _, predicted in felt], right
        )
    return Evaluation(len(rows), scores, labels, tuple(intents), _mistakes(pairs))


def _mistakes(pairs: Sequence[tuple[Row, Understanding]]) -> tuple[Mistake, ...]:
    """Intents and sentiments that were told wrong, the surest first."""
    found = [
        Mistake(row.text, head, truth, answer, confidence)
        for row, predicted in pairs
        for head, truth, answer, confidence in _answers(row, predicted)
        if truth != answer
    ]
    return tuple(sorted(found, key=lambda mistake: -mistake.confidence)[:MAX_MISTAKES])


def _answers(row: Row, predicted: Understanding) -> Iterator[tuple[str, str, str, float]]:
    """Head, truth, answer and confidence of each choice that the row is labelled for."""
    if row.intent is not None and predicted.intent is not None:
        yield "intent", row.intent, predicted.intent.name, predicted.intent.confidence
    if row.sentiment is not None and predicted.sentiment is not None:
        yield "sentiment", row.sentiment, predicted.sentiment.label, predicted.sentiment.confidence


def majority(train: Sequence[Row], count: int) -> list[Understanding]:
    """What a model would say that knows nothing but the commonest labels: the figure to beat.

    Args:
        train: The rows to count labels in.
        count: How many understandings to return.
    """
    intents = Counter(row.intent for row in train if row.intent is not None)
    sentiments = Counter(row.sentiment for row in train if row.sentiment is not None)
    intent = IntentScore(name=intents.most_common(1)[0][0], confidence=1.0) if intents else None
    sentiment = Sentiment(label=sentiments.most_common(1)[0][0], score=0.0, confidence=1.0) if sentiments else None
    in_scope = [label for label, _ in intents.most_common() if label != OUT_OF_SCOPE][:1]
    ranking = tuple(IntentScore(name=label, confidence=1.0) for label in in_scope)
    return [Understanding(model="majority", intent=intent, ranking=ranking, sentiment=sentiment)] * count


def _intent(predicted: Understanding) -> str:
    return predicted.intent.name if predicted.intent is not None else ""


def _intent_scores(pairs: Sequence[tuple[Row, Understanding]]) -> dict[str, float]:
    answers = [
        (row.intent, predicted, predicted.intent)
        for row, predicted in pairs
        if row.intent is not None and predicted.intent is not None
    ]
    right = np.array([truth == served.name for truth, _, served in answers])
    scores = {
        "intent_served_accuracy": float(right.mean()),
        "intent_calibration_error": calibration_error([served.confidence for _, _, served in answers], right),
    }
    inside = np.array([truth != OUT_OF_SCOPE for truth, _, _ in answers])
    if inside.any():
        known = [truth == _likeliest_intent(predicted) for truth, predicted, _ in answers]
        scores["intent_accuracy"] = float(np.mean(np.array(known)[inside]))
        scores["intent_kept_accuracy"] = float(right[inside].mean())
    return scores


def _likeliest_intent(predicted: Understanding) -> str | None:
    """The likeliest that is in scope; ``None`` for a blank text."""
    return next((intent.name for intent in predicted.ranking if intent.name != OUT_OF_SCOPE), None)


def _scope(
    rows: Sequence[Row], intents: Sequence[tuple[str, str]], scope_scores: NDArray[np.float32] | None
) -> dict[str, float]:
    outside = [predicted == OUT_OF_SCOPE for truth, predicted in intents if truth == OUT_OF_SCOPE]
    inside = [predicted == OUT_OF_SCOPE for truth, predicted in intents if truth != OUT_OF_SCOPE]
    scores = {"in_scope_rejection": float(np.mean(inside))} if inside else {}
    if not outside:
        return scores
    scores["out_of_scope_recall"] = float(np.mean(outside))
    if inside and scope_scores is not None:
        labelled = [place for place, row in enumerate(rows) if row.intent is not None]
        is_inside = [rows[place].intent != OUT_OF_SCOPE for place in labelled]
        scores["out_of_scope_auroc"] = float(roc_auc_score(is_inside, scope_scores[labelled]))
    return scores
