"""How well queries find their texts: quick scores for choosing weights, and the full evaluation of answers as served."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.training.fitting.prediction import predicted
from services.training.reporting.figures import Evaluation
from services.training.reporting.retrieval import judged_ranks, ranks, retrieval_scores
from services.training.tasks.embedding.examples import Example, collate
from services.training.tasks.embedding.model import EmbeddingModel
from shared.inference.predictor import Predictor
from shared.rows.retrieval import RetrievalRow
from shared.tasks.embedding.reader import OUTPUT
from shared.tasks.embedding.record import Input
from shared.text.normalisation import folded

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def quick_scores(model: EmbeddingModel, examples: Sequence[Example]) -> dict[str, float]:
    """``mrr`` of each query among the texts of all examples, 0..1."""
    texts = list(dict.fromkeys(text for example in examples for text in example.texts))
    wanted = [Example(ids) for ids in (*(example.tokens for example in examples), *texts)]
    vectors = np.stack(predicted(model, wanted, collate)[OUTPUT])
    queries, corpus = vectors[: len(examples)], vectors[len(examples) :]
    right = np.zeros((len(examples), len(texts)), dtype=bool)
    places = {text: place for place, text in enumerate(texts)}
    for row, example in enumerate(examples):
        right[row, places[example.texts[0]]] = True
    return {"mrr": retrieval_scores(ranks(list(queries @ corpus.T), list(right)))["mrr"]}


def evaluate(predictor: Predictor, rows: Sequence[RetrievalRow]) -> Evaluation:
    """Look for the texts of some rows with a model as served; see ``found_with``."""

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        answers = predictor.predict([Input(text=text) for text in texts])
        return np.array([prediction.answer["embedding"] for prediction in answers], np.float32)

    return found_with(embed, rows)


def found_with(embed: Embed, rows: Sequence[RetrievalRow]) -> Evaluation:
    """``recall_at_1``, ``recall_at_5`` and ``mrr`` of each query among all texts of the rows, given negatives too.

    Args:
        embed: Texts to vectors [n, d].
        rows: A query with several texts has found one as soon as it finds any.
    """
    corpus = list({folded(text): text for row in rows for text in (row.positive, *row.negatives)}.values())
    places = {folded(text): place for place, text in enumerate(corpus)}
    queries: dict[str, list[RetrievalRow]] = {}
    for row in rows:
        queries.setdefault(row.key, []).append(row)
    right = np.zeros((len(queries), len(corpus)), dtype=bool)
    for number, group in enumerate(queries.values()):
        right[number, [places[folded(row.positive)] for row in group]] = True
    asked = [group[0].query for group in queries.values()]
    scores = embed(asked) @ embed(corpus).T
    nearest = [corpus[place] for place in scores.argmax(axis=1)]
    wanted = [group[0].positive for group in queries.values()]
    return judged_ranks(asked, wanted, nearest, ranks(list(scores), list(right)))
