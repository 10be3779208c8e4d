"""How a new model compares: with what it began as, and with what is in production."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from services.training.data.splitting import Split
from services.training.jobs.context import AttemptContext
from services.training.models.base_models import Base
from services.training.reporting.bias import judge_bias, require_told
from services.training.reporting.dialogues import find_dialogues, hold_dialogues
from services.training.reporting.figures import Evaluation
from services.training.reporting.gate import Verdict, compare
from services.training.reporting.trials import find_trial, try_out
from services.training.tasks.task import Task
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.manifest import Labels
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.tasks import TaskName
from shared.dialogue.trial.dialogue_file import DialogueFile
from shared.errors import BrokenArtifact, NotFound
from shared.evals.trial import Trial
from shared.storage.training import models


@dataclasses.dataclass(frozen=True, slots=True)
class Conditions:
    """What a job asks of its model besides the scores of the test rows.

    Attributes:
        dialogues: What it must be able to hold.
        trial: The eval that it is tried by.
    """

    dialogues: DialogueFile | None
    trial: Trial | None


def find_conditions(spec: JobSpec, context: AttemptContext) -> Conditions:
    """Everything that a job names, read before anything is trained.

    Raises:
        TrainingFailed: Something is gone or faulty.
    """
    require_told(spec.task, spec.promotion.bias_budget)
    return Conditions(find_dialogues(spec.promotion, context), find_trial(spec, context))


def evaluate_before(
    name: TaskName, task: Task[Any, Any, Any, Any], base: Base, parts: Split[Any], context: AttemptContext
) -> Evaluation:
    """The figure to beat: the model that this one goes on from, if it is one of the same task, or else the task's own baseline."""
    if base.parent is None:
        return task.baseline(base, parts.train, parts.test)
    folder = context.store.fetch_folder(model_key(base.parent), context.folder / "cache")
    bundle = Bundle.open(folder)
    if bundle.manifest.task != name:
        return task.baseline(base, parts.train, parts.test)
    return task.evaluate_bundle(bundle, parts.test, context.threads)


def evaluate_parent(
    task: Task[Any, Any, Any, Any], parent: str, rows: Sequence[Any], context: AttemptContext
) -> Evaluation:
    """How the model that a job goes on from does on some rows."""
    bundle = Bundle.open(context.store.fetch_folder(model_key(parent), context.folder / "cache"))
    return task.evaluate_bundle(bundle, rows, context.threads)


def judge(
    spec: JobSpec,
    task: Task[Any, Any, Any, Any],
    bundle: Bundle,
    conditions: Conditions,
    after: Evaluation,
    parts: Split[Any],
    context: AttemptContext,
) -> Verdict | None:
    """Whether a model may be promoted by itself; ``None`` if there is nothing to judge it by.

    Args:
        spec: What the job allows it to lose.
        task: What the model is for.
        bundle: The model.
        conditions: What else is asked of it.
        after: Its evaluation.
        parts: The rows that it and the model in production are compared on.
        context: Where that model and the bot are found.

    Raises:
        TrainingFailed: There is no bot to hold the dialogues with.
    """
    verdict = _against_production(spec, task, after, parts, bundle.manifest.labels, context)
    if verdict is not None and conditions.trial is not None and spec.promotion.eval is not None:
        current = _production_bundle(verdict.production or "", context)
        told = try_out(conditions.trial, spec.promotion.eval, bundle, current, context.threads)
        context.events.message(f"{told}.", told.to_json(), level="info" if told.passed else "warn")
        verdict = dataclasses.replace(verdict, trial=told)
    if conditions.dialogues is not None:
        held = hold_dialogues(conditions.dialogues, spec.promotion.dialogues_at_least, bundle, context)
        context.events.message(f"{held}.", held.to_json(), level="info" if held.passed else "warn")
        verdict = dataclasses.replace(verdict or Verdict(None), dialogues=held)
    if spec.promotion.bias_budget is not None:
        told_of = judge_bias(spec.promotion.bias_budget, bundle, task.texts(parts.test), context)
        context.events.message(f"{told_of}.", told_of.to_json(), level="info" if told_of.passed else "warn")
        verdict = dataclasses.replace(verdict or Verdict(None), bias=told_of)
    if verdict is not None and not verdict.passed:
        context.events.message(
            "It is not promoted. Promote it by hand with force if that is what you want.", level="warn"
        )
    return verdict


def _production_bundle(model: str, context: AttemptContext) -> Bundle:
    return Bundle.open(context.store.fetch_folder(model_key(model), context.folder / "cache"))


def _against_production(
    spec: JobSpec,
    task: Task[Any, Any, Any, Any],
    after: Evaluation,
    parts: Split[Any],
    labels: Labels,
    context: AttemptContext,
) -> Verdict | None:
    production = context.lease.read(lambda session: models.production(session, spec.slot))
    if production is None:
        return None
    try:
        bundle = _production_bundle(production, context)
        current = task.evaluate_bundle(bundle, parts.test, context.threads)
    except (BrokenArtifact, NotFound) as error:
        context.events.message(f"The model in production cannot be compared with: {error.message}.", level="warn")
        return None
    lost = sorted({*bundle.manifest.labels.chosen} - {*labels.chosen})
    if lost:
        context.events.message(
            f"The model in production knows {len(lost)} labels that this one does not, e.g. {lost[0]}.",
            {"labels": lost},
            level="warn",
        )
    verdict = compare(after, current, spec.promotion, production, task.quality)
    for violation in verdict.violations:
        context.events.message(
            f"Behind the model in production: {violation}.", dataclasses.asdict(violation), level="warn"
        )
    return verdict
