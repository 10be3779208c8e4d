"""The joint model as a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from services.training.fitting.prediction import Found
from services.training.fitting.recipe import SMALL, Demands
from services.training.models.base_models import Base
from services.training.models.overlong import Overlong
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.tagging.tags import taught_spans
from services.training.tasks.nlu.alignment import align
from services.training.tasks.nlu.contexts import alone, emphasised, in_context, in_mixed_contexts
from services.training.tasks.nlu.evaluation import QUALITY, evaluate, majority
from services.training.tasks.nlu.examples import Example, collate, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.loss import Counts, distributions, joint_loss
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict, scores
from services.training.tasks.nlu.variants import JointVariants, evaluate_bundle
from services.training.tasks.task import Setting, Spans, Task, Warned
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.contracts.training.objectives import Adversarial, Objective
from shared.tasks.nlu.row import Row


def change_texts(row: Row, change: Callable[[str, Spans], tuple[str, Spans]]) -> Row:
    """The row with its text and entities changed; its context stays."""
    text, entities = change(row.text, row.entities or ())
    return replace(row, text=text, entities=None if row.entities is None else entities)


def as_labels(answer: Mapping[str, Any], confidence: float) -> dict[str, Any] | None:
    """Whatever it is sure of; that a text belongs to no intent is not taught, since it is a threshold that tells it."""
    fields: dict[str, Any] = {}
    intent = next(iter(answer["ranking"]), None)
    if intent is not None and intent["name"] != OUT_OF_SCOPE and intent["confidence"] >= confidence:
        fields["intent"] = intent["name"]
    feeling = answer["sentiment"]
    if feeling is not None and feeling["confidence"] >= confidence:
        fields["sentiment"] = feeling["label"]
    spans = taught_spans(answer["entities"], confidence)
    if spans is not None:
        fields["entities"] = spans
    return fields or None


def prepare(model: JointModel, examples: Sequence[Example]) -> list[Example]:
    """Give each example its embedding by the base model, unless it has a teacher's, and let the intent head begin at the intents' means.

    Rows with context count twice where they are few.
    """
    anchors = predict(model, [alone(example) for example in examples]).embeddings
    intents = torch.tensor([example.intent for example in examples])
    model.start_from_prototypes(torch.from_numpy(anchors), intents)
    anchored = [
        example if _is_like(example.anchor, anchor) else replace(example, anchor=anchor)
        for example, anchor in zip(examples, anchors, strict=True)
    ]
    return emphasised(anchored)


def taught(
    examples: Sequence[Example], teachers: Sequence[Example], read: Callable[[Sequence[Example]], Found]
) -> list[Example]:
    """Hold the embeddings at the teacher's: a student that lacks layers has none of its own that would be worth keeping."""
    anchors = read([alone(example) for example in teachers])["sentence_embedding"]
    return [replace(example, anchor=anchor) for example, anchor in zip(examples, anchors, strict=True)]


def _is_like(one: NDArray[np.float32] | None, other: NDArray[np.float32]) -> bool:
    return one is not None and one.shape == other.shape


def validated(model: JointModel, examples: Sequence[Example]) -> dict[str, float]:
    """Quick scores of a model."""
    return scores(predict(model, examples), examples, model.labels)


def finish(model: JointModel, examples: Sequence[Example]) -> None:
    """Bring the sentence embedding back to the base model's."""
    align(model, examples, np.stack([example.anchor for example in examples if example.anchor is not None]))


def demands(labels: LabelSpace) -> Demands:
    """What labels ask of a run."""
    return Demands(learned_last=bool(labels.tags))


def objectives(labels: LabelSpace, rows: int) -> Sequence[Objective]:
    """An adversary where it was measured to help: on so many rows.

    On sentiment alone, or on 2,000 rows and more with entities. What people feel is labelled with much less agreement than what they
    want, and a model that learns each row by heart learns the disagreement; entities gain less by it, and fewer rows gave no clear gain
    for twice the time.
    """
    is_sentiment_alone = not labels.intents and not labels.tags
    helps = is_sentiment_alone or (bool(labels.tags) and rows >= SMALL)
    return (Adversarial(),) if helps else ()


def warnings(rows: Sequence[Row], encoder: TextEncoder) -> Iterator[Warned]:
    """Rows that are longer than the model reads at once."""
    overlong = Overlong.among(rows, encoder.tokens)
    message = overlong.warning(encoder.max_length)
    if message is not None:
        yield Warned(message, {"rows": overlong.rows, "entities": overlong.entities})


def baseline(_base: Base, train: Sequence[Row], test: Sequence[Row]) -> Evaluation:
    """What always telling the commonest labels would score."""
    return evaluate(test, majority(train, len(test)))


def variants(setting: Setting, labels: LabelSpace) -> JointVariants:
    """Tries out the graphs of a joint model."""
    return JointVariants(setting.folder, setting.draft, setting.encoder, labels, setting.parts, setting.threads)


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


TASK: Task[Row, LabelSpace, Example, JointModel] = Task(
    schema=LabelSpace.of,
    examples=examples_of,
    model=JointModel.load,
    collate=collate,
    change_texts=change_texts,
    as_labels=as_labels,
    prepare=prepare,
    taught=taught,
    epoch=in_mixed_contexts,
    counts=Counts.of,
    loss=joint_loss,
    choices=LabelSpace.choices,
    distributions=distributions,
    scores=validated,
    finish=finish,
    demands=demands,
    objectives=objectives,
    warnings=warnings,
    sample=sample,
    probes=probes,
    variants=variants,
    evaluate_bundle=evaluate_bundle,
    baseline=baseline,
    labels=LabelSpace.to_manifest,
    embedding_size=lambda model: model.projection.out_features,
    quality=QUALITY,
    shown=("intent_accuracy", "intent_macro_f1", "entity_f1", "sentiment_accuracy", "out_of_scope_recall"),
    token_outputs=frozenset(("tags",)),
)
