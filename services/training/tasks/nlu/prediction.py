"""Running a model over examples, and how well it does on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from services.training.fitting.batching import Batch, batches
from services.training.fitting.device import autocast
from services.training.tagging.scores import token_f1
from services.training.tasks.nlu.examples import Example, collate
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel

_BATCH_SIZE = 64


@dataclass(frozen=True, slots=True)
class Predictions:
    """Outputs for n examples, in their order, as float32. ``None`` where the model lacks the head."""

    intent: np.ndarray | None
    """[n, intents] logits."""
    tags: list[np.ndarray] | None
    """[s, tags] logits of each example, as long as its ids."""
    sentiment: np.ndarray | None
    """[n, 3] logits."""
    embeddings: np.ndarray
    """[n, d], unit length."""


@torch.no_grad()
def predict(model: JointModel, examples: Sequence[Example]) -> Predictions:
    """Run the model, without dropout, over examples; it is left in the mode it was in."""
    device = model.device
    was_training = model.training
    model.eval()

    def run(batch: Batch) -> dict[str, np.ndarray]:
        with autocast(device):
            outputs = model(**batch.to(device).inputs)
        return {name: tensor.float().cpu().numpy() for name, tensor in outputs.items()}

    found = gathered(run, examples, model.labels, model.projection.out_features)
    model.train(was_training)
    return found


def gathered(
    run: Callable[[Batch], Mapping[str, np.ndarray]], examples: Sequence[Example], labels: LabelSpace, width: int
) -> Predictions:
    """The outputs of a model or of its graph, which give them under the same names.

    Args:
        run: Reads a batch.
        examples: What is read.
        labels: Of the model.
        width: Of its embedding.
    """
    count = len(examples)
    intent = np.empty((count, len(labels.intents)), np.float32) if labels.intents else None
    sentiment = np.empty((count, len(labels.sentiments)), np.float32) if labels.sentiments else None
    tags: list[np.ndarray] | None = [np.empty(0)] * count if labels.tags else None
    embeddings = np.empty((count, width), np.float32)
    for batch in batches(examples, _BATCH_SIZE, collate):
        outputs, at = run(batch), batch.positions.numpy()
        embeddings[at] = outputs["sentence_embedding"]
        if intent is not None:
            intent[at] = outputs["intent"]
        if sentiment is not None:
            sentiment[at] = outputs["sentiment"]
        if tags is not None:
            for position, row in zip(at, outputs["tags"], strict=True):
                tags[position] = row[: len(examples[position].ids)]
    return Predictions(intent=intent, tags=tags, sentiment=sentiment, embeddings=embeddings)


def scores(predictions: Predictions, examples: Sequence[Example], labels: LabelSpace) -> dict[str, float]:
    """Quick scores (0..1) for choosing weights: intent and sentiment accuracy, entity F1 over token spans.

    Only labelled rows count; a head without any is left out. (What is reported of a finished model is measured on
    characters, through the exported graph.)
    """
    found: dict[str, float] = {}
    intents = np.array([example.intent for example in examples])
    sentiments = np.array([example.sentiment for example in examples])
    if predictions.intent is not None and (intents >= 0).any():
        found["intent_accuracy"] = _accuracy(predictions.intent, intents)
    if predictions.tags is not None:
        f1 = token_f1(predictions.tags, [example.tags for example in examples], labels.tags)
        if f1 is not None:
            found["entity_f1"] = f1
    if predictions.sentiment is not None and (sentiments >= 0).any():
        found["sentiment_accuracy"] = _accuracy(predictions.sentiment, sentiments)
    return found


def _accuracy(logits: np.ndarray, targets: np.ndarray) -> float:
    labelled = targets >= 0
    return float((logits[labelled].argmax(axis=1) == targets[labelled]).mean())
