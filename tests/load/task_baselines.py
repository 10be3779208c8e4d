"""What linear models over counted words and letters make of the same rows: the figures that an encoder has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline, make_union

from services.training.reporting.figures import Evaluation
from services.training.reporting.retrieval import judged_ranks, ranks
from services.training.tasks.embedding.scores import found_with
from services.training.tasks.pair_classification import scores as pairs
from services.training.tasks.question_answering import scores as answers
from services.training.tasks.ranking.candidates import candidates
from services.training.tasks.ranking.task import JUDGED_AMONG
from services.training.tasks.text_classification import scores as texts
from services.training.tasks.token_classification import scores as spans
from shared.contracts.training.tasks import TaskName
from shared.tasks.token_classification.record import spans_of


def linear(task: TaskName, train: Sequence[Any], test: Sequence[Any]) -> dict[str, float]:
    """Scores of a linear model on the test rows, by the names that the task's evaluation gives them."""
    found: Evaluation = _EVALUATED[task](train, test)
    return found.scores


def _vectors() -> Any:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_union(words, letters)


def _told(train: Sequence[str], labels: Sequence[str], test: Sequence[str]) -> list[dict[str, Any]]:
    classifier = make_pipeline(_vectors(), LogisticRegression(C=20, max_iter=1000)).fit(train, labels)
    probabilities = classifier.predict_proba(test)
    return [{"label": classifier.classes_[row.argmax()], "confidence": float(row.max())} for row in probabilities]


def _classified(train: Sequence[Any], test: Sequence[Any]) -> Evaluation:
    told = _told([row.text for row in train], [row.label for row in train], [row.text for row in test])
    return texts.judged(test, told)


def _compared(train: Sequence[Any], test: Sequence[Any]) -> Evaluation:
    """The first text with the second marked in it, which is all that a bag of words can know of a pair."""

    def joined(row: Any) -> str:
        return f"{row.text.replace(row.text_pair, 'THEONE')} {row.text_pair}"

    told = _told([joined(row) for row in train], [row.label for row in train], [joined(row) for row in test])
    return pairs.judged(test, told)


def _tagged(train: Sequence[Any], test: Sequence[Any]) -> Evaluation:
    """Each word tagged by a linear model over it and its neighbours."""
    features, tags = [], []
    for row in train:
        words = list(_words(row.text))
        features += _features([word for word, _ in words])
        tags += _tags(row, words)
    # DictVectorizer would hand on indices of 64 bits, which the classifier does not take (findings/scikit-learn-…).
    classifier = make_pipeline(FeatureHasher(), SGDClassifier(loss="modified_huber", random_state=0, max_iter=20)).fit(
        features, tags
    )
    found = []
    for row in test:
        words = list(_words(row.text))
        guesses = classifier.predict(_features([word for word, _ in words])) if words else []
        found.append(tuple(spans_of(list(guesses), [span for _, span in words])))
    return spans.judged(test, found)


def _words(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    start = 0
    for word in text.split():
        start = text.index(word, start)
        yield word, (start, start + len(word))
        start += len(word)


def _features(words: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for place, word in enumerate(words):
        features: dict[str, Any] = {"word": word.lower(), "end": word[-3:].lower(), "begin": word[:3].lower()}
        features |= {"capital": word[0].isupper(), "all": word.isupper(), "digit": any(c.isdigit() for c in word)}
        for step in (-2, -1, 1, 2):
            if 0 <= place + step < len(words):
                features[f"at{step}"] = words[place + step].lower()
                features[f"capital{step}"] = words[place + step][0].isupper()
        found.append(features)
    return found


def _tags(row: Any, words: Sequence[tuple[str, tuple[int, int]]]) -> list[str]:
    tags = ["O"] * len(words)
    for entity in row.entities:
        inside = [place for place, (_, (start, end)) in enumerate(words) if start < entity.end and end > entity.start]
        for place in inside:
            tags[place] = f"{'B' if place == inside[0] else 'I'}-{entity.label}"
    return tags


def _found(train: Sequence[Any], test: Sequence[Any]) -> Evaluation:
    vectors = _vectors().fit([text for row in train for text in (row.query, row.positive)])
    return found_with(lambda some: vectors.transform(some).toarray() / np.sqrt(2), test)


def _ranked(train: Sequence[Any], test: Sequence[Any]) -> Evaluation:
    vectors = _vectors().fit([text for row in train for text in (row.query, row.positive)])
    groups = candidates(test, JUDGED_AMONG)
    told = [
        np.asarray((vectors.transform(one.texts) @ vectors.transform([one.query]).T).todense())[:, 0] for one in groups
    ]
    right = [np.arange(len(one.texts)) < one.right for one in groups]
    queries = [one.query for one in groups]
    return judged_ranks(queries, queries, queries, ranks(told, right))


def _answered(_train: Sequence[Any], test: Sequence[Any]) -> Evaluation:
    return answers.judged(test, [answers.nearest_sentence(row) for row in test])


_EVALUATED: dict[str, Any] = {
    "text_classification": _classified,
    "token_classification": _tagged,
    "pair_classification": _compared,
    "question_answering": _answered,
    "embedding": _found,
    "ranking": _ranked,
}
