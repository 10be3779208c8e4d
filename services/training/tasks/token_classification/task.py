"""Token classification as a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from services.training.exporting.reader_variants import ReaderVariants, Serving
from services.training.fitting.batching import IGNORED, Batch, Counted
from services.training.fitting.prediction import predicted
from services.training.fitting.recipe import SMALL, Demands, Recipe
from services.training.models.base_models import Base
from services.training.models.overlong import Overlong
from services.training.models.task_model import Outputs
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.tagging.tags import taught_spans
from services.training.tasks.task import Setting, Spans, Task, Warned
from services.training.tasks.token_classification.examples import Example, Tags, collate, examples_of
from services.training.tasks.token_classification.gazetteer import found_again
from services.training.tasks.token_classification.model import TaggingModel
from services.training.tasks.token_classification.scores import QUALITY, evaluate, judged, quick_scores
from shared.contracts.training.objectives import Adversarial, Objective
from shared.tasks.token_classification.reader import OUTPUT, TaggingReader
from shared.tasks.token_classification.record import Row

SERVING = Serving(TaggingReader, evaluate)

_TOKEN_OUTPUTS = frozenset((OUTPUT,))


def change_texts(row: Row, change: Callable[[str, Spans], tuple[str, Spans]]) -> Row:
    """The row with its text and spans changed."""
    return Row(*change(row.text, row.entities))


def as_labels(answer: Mapping[str, Any], confidence: float) -> dict[str, Any] | None:
    """The spans."""
    spans = taught_spans(answer["entities"], confidence)
    return None if spans is None else {"entities": spans}


def tagged_tokens(batch: Batch) -> Counted:
    """What the losses of a batch's pieces are divided by."""
    return Counted(len(batch), max(1, int((batch.targets["tags"] != IGNORED).sum())))


def tag_loss(outputs: Outputs, piece: Batch, whole: Counted, recipe: Recipe) -> Tensor:
    """Cross-entropy, the mean over the tokens of the batch that a piece was cut from."""
    logits, truths = outputs[OUTPUT].flatten(0, 1), piece.targets["tags"].flatten()
    # Not smoothed, which costs entities: most tokens belong to none.
    return recipe.choices.one_of("entity", logits, truths) / whole.labelled


def distributions(outputs: Outputs, piece: Batch) -> Iterator[Tensor]:
    """The logits [n, tags] of the tokens that are labelled."""
    yield outputs[OUTPUT][piece.targets["tags"] != IGNORED]


def scores(model: TaggingModel, examples: Sequence[Example]) -> dict[str, float]:
    """Quick scores of a model."""
    return quick_scores(predicted(model, examples, collate, _TOKEN_OUTPUTS), examples, model.tags)


def demands(_tags: Tags) -> Demands:
    """Spans are learned late."""
    return Demands(learned_last=True)


def objectives(_tags: Tags, rows: int) -> Sequence[Objective]:
    """An adversary, where it was measured to help the joint model's entities."""
    return (Adversarial(),) if rows >= SMALL else ()


def warnings(rows: Sequence[Row], encoder: TextEncoder) -> Iterator[Warned]:
    """Rows that are longer than the model reads at once, and how many of their spans lie behind the cut."""
    overlong = Overlong.among(rows, encoder.tokens)
    message = overlong.warning(encoder.max_length)
    if message is not None:
        yield Warned(message, {"rows": overlong.rows, "entities": overlong.entities})


def variants(setting: Setting, tags: Tags) -> ReaderVariants[Row, Example]:
    """Tries out the graphs of a model."""

    def as_ids(rows: Sequence[Row]) -> list[Example]:
        return examples_of(setting.encoder, rows, tags)

    return ReaderVariants(setting, SERVING, as_ids, collate, token_outputs=_TOKEN_OUTPUTS)


def baseline(_base: Base, train: Sequence[Row], test: Sequence[Row]) -> Evaluation:
    """What finding every span of the training rows again, by its words, would score."""
    return judged(test, found_again(train, [row.text for row in test]))


TASK: Task[Row, Tags, Example, TaggingModel] = Task(
    schema=Tags.of,
    examples=examples_of,
    model=TaggingModel.load,
    collate=collate,
    change_texts=change_texts,
    as_labels=as_labels,
    counts=tagged_tokens,
    loss=tag_loss,
    choices=Tags.choices,
    distributions=distributions,
    scores=scores,
    demands=demands,
    objectives=objectives,
    warnings=warnings,
    variants=variants,
    evaluate_bundle=SERVING.evaluate_bundle,
    baseline=baseline,
    labels=Tags.to_manifest,
    quality=QUALITY,
    shown=("entity_f1",),
    token_outputs=_TOKEN_OUTPUTS,
)
