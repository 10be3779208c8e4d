"""The joint model as a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from services.training.fitting.recipe import SMALL, Demands
from services.training.tasks.nlu.alignment import align
from services.training.tasks.nlu.contexts import alone, in_context, in_mixed_contexts
from services.training.tasks.nlu.examples import Example, collate
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.loss import Counts, distributions, joint_loss
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict, scores
from services.training.tasks.task import Task


def prepare(model: JointModel, examples: Sequence[Example]) -> list[Example]:
    """Give each example its embedding by the base model, and let the intent head begin at the intents' means."""
    anchors = predict(model, [alone(example) for example in examples]).embeddings
    intents = torch.tensor([example.intent for example in examples])
    model.start_from_prototypes(torch.from_numpy(anchors), intents)
    return [replace(example, anchor=anchor) for example, anchor in zip(examples, anchors, strict=True)]


def validated(model: JointModel, examples: Sequence[Example]) -> dict[str, float]:
    """Quick scores of a model."""
    return scores(predict(model, examples), examples, model.labels)


def finish(model: JointModel, examples: Sequence[Example]) -> None:
    """Bring the sentence embedding back to the base model's."""
    align(model, examples, np.stack([example.anchor for example in examples if example.anchor is not None]))


def demands(labels: LabelSpace) -> Demands:
    """What labels ask of a run."""
    return Demands(learned_last=bool(labels.tags))


def gains_by_adversary(labels: LabelSpace, rows: int) -> bool:
    """Whether adversarial training was measured to help with such rows.

    On sentiment alone, or on 2,000 rows and more with entities. What people feel is labelled with much less agreement than what they
    want, and a model that learns each row by heart learns the disagreement; entities gain less by it, and fewer rows gave no clear gain
    for twice the time.
    """
    is_sentiment_alone = not labels.intents and not labels.tags
    return is_sentiment_alone or (bool(labels.tags) and rows >= SMALL)


def sample(held_out: Sequence[Example]) -> list[Example]:
    """The shortest, and the longest with something said before it."""
    by_length = sorted(held_out, key=len)
    return [by_length[0], in_context(by_length[-1], by_length[0].ids)]


def probes(held_out: Sequence[Example]) -> Iterator[list[Example]]:
    """One text, several of one length, several padded; short and long; one with a context."""
    by_length = sorted(held_out, key=len)
    shortest, longest = by_length[0], by_length[-1]
    yield [shortest]
    yield [longest]
    yield [longest] * 3
    yield [shortest, longest]
    yield [in_context(shortest, longest.ids), longest]
    yield by_length[:: max(1, len(by_length) // 16)]


TASK: Task[Example, JointModel] = Task(
    collate=collate,
    prepare=prepare,
    epoch=in_mixed_contexts,
    counts=Counts.of,
    loss=joint_loss,
    distributions=distributions,
    scores=validated,
    finish=finish,
    sample=sample,
    probes=probes,
    token_outputs=frozenset(("tags",)),
)
