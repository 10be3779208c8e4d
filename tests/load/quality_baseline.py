"""What linear models over counted words and letters make of the same rows: the figures that an encoder has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from seqeval.metrics import f1_score
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from services.training.data.splitting import Split
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.tasks.nlu.row import Row
from tests.load.quality_scope import recall_at_rejection


def baseline(parts: Split[Row]) -> dict[str, float]:
    """Scores of the linear models on the test rows, by the names that ``evaluate`` gives them."""
    found: dict[str, float] = {}
    if any(row.intent for row in parts.train):
        found |= _intents(parts)
    if any(row.sentiment for row in parts.train):
        texts, labels = _labelled(parts.train, "sentiment")
        test_texts, test_labels = _labelled(parts.test, "sentiment")
        guesses = _classifier().fit(texts, labels).predict(test_texts)
        found["sentiment_accuracy"] = float(np.mean(guesses == np.array(test_labels)))
    if any(row.entities for row in parts.train):
        found["entity_f1"] = _entity_f1(parts)
    return found


def _intents(parts: Split[Row]) -> dict[str, float]:
    texts, labels = _labelled(parts.train, "intent")
    test_texts, truths = _labelled(parts.test, "intent")
    classifier = _classifier().fit(texts, labels)
    probabilities = classifier.predict_proba(test_texts)
    inside = np.array(truths) != OUT_OF_SCOPE
    right = classifier.classes_[probabilities.argmax(axis=1)] == np.array(truths)
    found = {"intent_accuracy": float(right[inside].mean())}
    if not inside.all():
        found["recall_at_5"] = recall_at_rejection(probabilities.max(axis=1), inside)
    return found


def _classifier() -> Pipeline:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_pipeline(make_union(words, letters), LogisticRegression(C=20, max_iter=1000))


def _labelled(rows: Sequence[Row], kind: str) -> tuple[list[str], list[str]]:
    pairs = [(row.text, getattr(row, kind)) for row in rows if getattr(row, kind) is not None]
    return [text for text, _ in pairs], [label for _, label in pairs]


def _entity_f1(parts: Split[Row]) -> float:
    """Each word tagged by a linear model over it and its neighbours."""
    hasher = FeatureHasher(n_features=2**16)
    train = [row for row in parts.train if row.entities is not None]
    features = hasher.transform([word for row in train for word in _features(row.text.split(" "))])
    model = SGDClassifier(loss="log_loss", alpha=1e-6, random_state=0)
    model.fit(features, [tag for row in train for tag in _tags(row)])
    told = [model.predict(hasher.transform(_features(row.text.split(" ")))).tolist() for row in parts.test]
    return float(f1_score([_tags(row) for row in parts.test], told))


def _features(words: Sequence[str]) -> list[dict[str, str]]:
    around = ["", "", *words, "", ""]
    return [
        {"suffix": words[place][-3:]} | {f"word{offset:+}": around[place + 2 + offset] for offset in range(-2, 3)}
        for place in range(len(words))
    ]


def _tags(row: Row) -> list[str]:
    tags, start = [], 0
    for word in row.text.split(" "):
        entity = next((span for span in row.entities or () if span.start <= start < span.end), None)
        tags.append("O" if entity is None else f"{'B' if entity.start == start else 'I'}-{entity.label}")
        start += len(word) + 1
    return tags
