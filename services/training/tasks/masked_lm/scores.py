"""How well hidden words are told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.tasks.masked_lm.examples import Example, examples_of
from shared.inference.decoding import softmax
from shared.inference.predictor import Predictor
from shared.inference.session import FloatArray
from shared.rows.text import TextRow
from shared.tasks.masked_lm.reader import Masked, MaskedReader

QUALITY = ("masked_accuracy",)

#: Texts that a model is judged on at most: each costs a figure for every word of the vocabulary.
MOST = 1_000


def evaluate(predictor: Predictor, rows: Sequence[TextRow]) -> Evaluation:
    """Ask a model, as served, for the words that are hidden in some rows: ``masked_accuracy`` and ``perplexity`` of them.

    Which words are hidden follows from the tokens of the row: models of one tokenizer are asked for the same.
    """
    assert isinstance(predictor, MaskedReader)  # noqa: S101  # that of this task
    examples = examples_of(TextEncoder(predictor.tokens.plain(), predictor.tokens.max_length), rows[:MOST], None)
    logits = predictor.words([Masked(example.shown, example.places) for example in examples])
    truths = [np.array([example.ids[place] for place in example.places]) for example in examples]
    return Evaluation(len(rows), hidden_scores(logits, truths), {})


def hidden_scores(logits: Sequence[FloatArray], truths: Sequence[NDArray[np.int64]]) -> dict[str, float]:
    """``masked_accuracy``, 0..1, and ``perplexity``: of the logits [hidden, v] of each text, and the words that stood there."""
    right = [found.argmax(axis=1) == words for found, words in zip(logits, truths, strict=True)]
    shares = [softmax(found)[np.arange(len(words)), words] for found, words in zip(logits, truths, strict=True)]
    if not right:
        return {}
    surprise = -np.log(np.maximum(np.concatenate(shares), 1e-12))
    return {
        "masked_accuracy": float(np.concatenate(right).mean()),
        "perplexity": float(np.exp(min(surprise.mean(), 50.0))),
    }


def commonest(train: Sequence[Example], test: Sequence[Example]) -> dict[str, float]:
    """What always telling the commonest token would score."""
    tokens = np.concatenate([np.array([one.ids[place] for place in one.ordinary]) for one in train])
    word = np.bincount(tokens).argmax()
    asked = np.concatenate([np.array([one.ids[place] for place in one.places]) for one in test])
    return {"masked_accuracy": float((asked == word).mean())}
