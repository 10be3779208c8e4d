"""Ranking as a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from services.training.exporting.reader_variants import ReaderVariants, Serving
from services.training.fitting.batching import IGNORED, Batch, Counted
from services.training.fitting.pair_examples import PairExample, collate_pairs
from services.training.fitting.prediction import predicted
from services.training.fitting.recipe import Recipe
from services.training.models.base_models import Base
from services.training.models.pooled_head import LOGITS, PooledHead
from services.training.models.task_model import Outputs
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.reporting.retrieval import QUALITY, judged_ranks, ranks, retrieval_scores
from services.training.tasks.ranking.candidates import Candidates, candidates
from services.training.tasks.task import Setting, Task
from shared.inference.pairs import PairTokens
from shared.inference.predictor import Predictor
from shared.rows.retrieval import RetrievalRow
from shared.tasks.ranking.reader import RankingReader
from shared.tasks.ranking.record import Input

#: Texts of other queries that each is trained against, and that it is judged among.
TRAINED_AGAINST = 4
JUDGED_AMONG = 19


def examples_of(encoder: TextEncoder, rows: Sequence[RetrievalRow], _schema: None) -> list[PairExample]:
    """The pairs of each query with its candidates, whose score is 1 if it should find the text; a query's are a group."""
    groups = candidates(rows, TRAINED_AGAINST)
    queries = [one.query for one in groups for _ in one.texts]
    encodings = iter(PairTokens(encoder.tokens).encode(queries, [text for one in groups for text in one.texts]))
    return [
        PairExample.of(next(encodings), IGNORED, float(place < one.right), group)
        for group, one in enumerate(groups)
        for place in range(len(one.texts))
    ]


def model(base: Path, _schema: None, dropout: float) -> PooledHead:
    """A new head on the encoder in a directory."""
    return PooledHead.on(base, 1, dropout)


def pair_loss(outputs: Outputs, piece: Batch, whole: Counted, recipe: Recipe) -> Tensor:
    """Binary cross-entropy, the mean over the pairs of the batch that a piece was cut from."""
    del recipe
    logits = outputs[LOGITS][:, 0].float()
    return binary_cross_entropy_with_logits(logits, piece.targets["score"], reduction="sum") / whole.labelled


def scores(trained: PooledHead, examples: Sequence[PairExample]) -> dict[str, float]:
    """``mrr`` of the groups, 0..1."""
    logits = np.array([float(row[0]) for row in predicted(trained, examples, collate_pairs)[LOGITS]])
    groups, right = np.array([one.group for one in examples]), np.array([one.score > 0.5 for one in examples])
    places = [groups == group for group in np.unique(groups)]
    found = ranks([logits[place] for place in places], [right[place] for place in places])
    return {"mrr": retrieval_scores(found)["mrr"]}


def evaluate(predictor: Predictor, rows: Sequence[RetrievalRow]) -> Evaluation:
    """Rank the candidates of each query of some rows, as served."""
    groups = candidates(rows, JUDGED_AMONG)
    pairs = [Input(text=one.query, text_pair=text) for one in groups for text in one.texts]
    told = iter(prediction.answer["score"] for prediction in predictor.predict(pairs))
    return _judged(groups, [np.array([next(told) for _ in one.texts]) for one in groups])


def baseline(_base: Base, train: Sequence[RetrievalRow], test: Sequence[RetrievalRow]) -> Evaluation:
    """What the words that query and text share would find (TF-IDF of words and pairs of characters)."""
    groups = candidates(test, JUDGED_AMONG)
    texts = [row.positive for row in train] + [text for one in groups for text in (one.query, *one.texts)]
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True).fit(texts)
    found = [
        np.asarray((vectors.transform(one.texts) @ vectors.transform([one.query]).T).todense())[:, 0] for one in groups
    ]
    return _judged(groups, found)


def variants(setting: Setting, _schema: None) -> ReaderVariants[RetrievalRow, PairExample]:
    """Tries out the graphs of a model."""

    def as_ids(rows: Sequence[RetrievalRow]) -> list[PairExample]:
        return examples_of(setting.encoder, rows, None)

    return ReaderVariants(setting, SERVING, as_ids, collate_pairs)


def _judged(groups: Sequence[Candidates], told: Sequence[np.ndarray]) -> Evaluation:
    right = [np.arange(len(one.texts)) < one.right for one in groups]
    nearest = [one.texts[int(found.argmax())] for one, found in zip(groups, told, strict=True)]
    return judged_ranks([one.query for one in groups], [one.texts[0] for one in groups], nearest, ranks(told, right))


SERVING = Serving(RankingReader, evaluate)

TASK: Task[RetrievalRow, None, PairExample, PooledHead] = Task(
    examples=examples_of,
    model=model,
    collate=collate_pairs,
    counts=Counted.of,
    loss=pair_loss,
    scores=scores,
    variants=variants,
    evaluate_bundle=SERVING.evaluate_bundle,
    baseline=baseline,
    quality=QUALITY,
    shown=("recall_at_1", "recall_at_5", "mrr"),
)
