"""Recommendation as a task."""

from __future__ import annotations

from collections.abc import Sequence

from services.training.data.splitting import Split
from services.training.fitting.batching import Counted
from services.training.fitting.recipe import Demands
from services.training.models.base_models import Base
from services.training.reporting.figures import Evaluation
from services.training.tasks.recommendation.examples import Example, collate, examples_of
from services.training.tasks.recommendation.model import ItemTowerModel, next_item_loss
from services.training.tasks.recommendation.scores import QUALITY, by_popularity, quick_scores
from services.training.tasks.recommendation.variants import RecommendationVariants, evaluate_bundle
from services.training.tasks.task import Setting, Task
from shared.errors import TrainingFailed
from shared.tasks.recommendation.histories import MIN_ITEMS, History, histories, up_to
from shared.tasks.recommendation.record import CatalogRow, EventRow, ItemRow

#: People with a history that a job needs at the least.
MIN_PEOPLE = 10


def by_time(rows: Sequence[CatalogRow]) -> Split[History]:
    """Histories cut by time: the last item of each judges, the one before it chooses, all earlier ones train.

    Raises:
        TrainingFailed: There are too few histories.
    """
    items = {row.item_id: row for row in rows if isinstance(row, ItemRow)}
    found = histories(items, (row for row in rows if isinstance(row, EventRow)))
    whole = sum(len(history.visits) >= MIN_ITEMS for history in found)
    if whole < MIN_PEOPLE:
        raise TrainingFailed(
            f"Not enough data. {whole} people chose {MIN_ITEMS} or more different items of the {len(items)} in the catalog; there have to "
            f"be {MIN_PEOPLE}. Until then items are offered by popularity and likeness.",
            code="not_enough_data",
        )
    test = up_to(found, 1)
    before = [History(one.who, one.visits) for one in test]
    validation = [
        History(one.who, old.visits[:-1], old.visits[-1]) if one.target is not None and len(old.visits) > 1 else old
        for one, old in zip(test, before, strict=True)
    ]
    train = [History(one.who, one.visits) for one in validation]
    return Split(tuple(train), tuple(validation), tuple(test))


def variants(setting: Setting, _schema: None) -> RecommendationVariants:
    """Tries out the graphs of a model."""
    return RecommendationVariants(setting)


def baseline(_base: Base, _train: Sequence[History], test: Sequence[History]) -> Evaluation:
    """What the most chosen items alone would find."""
    return by_popularity(test)


TASK: Task[History, None, Example, ItemTowerModel] = Task(
    split=by_time,
    examples=examples_of,
    model=ItemTowerModel.load,
    collate=collate,
    counts=Counted.of,
    loss=next_item_loss,
    scores=quick_scores,
    demands=lambda _: Demands(compared=True),
    variants=variants,
    evaluate_bundle=evaluate_bundle,
    baseline=baseline,
    embedding_size=lambda model: model.width,
    quality=QUALITY,
    shown=("ndcg_at_10", "recall_at_10"),
)
