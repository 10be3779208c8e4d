"""The training loop: reads top to bottom in ``fit``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch

from services.training.fitting.batching import batches
from services.training.fitting.callback import TrainingCallback, ValidationReport
from services.training.fitting.checkpoint import CheckpointFolder, Progress
from services.training.fitting.device import best_device
from services.training.fitting.group import ALONE, Group
from services.training.fitting.pace import Clock, Pace
from services.training.fitting.recipe import Recipe
from services.training.fitting.stepper import Stepper
from services.training.models.task_model import TaskModel
from services.training.objectives.objective import Objective
from services.training.tasks.task import Task
from services.training.tunings.tuning import Tuning
from shared.errors import TrainingFailed


class Stopped(Exception):
    """The callback asked the run to stop; a checkpoint was written."""


@dataclass(frozen=True, slots=True)
class Method:
    """How a model is trained, apart from the numbers.

    Attributes:
        task: What it learns.
        tuning: Which weights.
        objectives: What is minimised besides the task's loss; later ones wrap earlier ones.
    """

    task: Task[Any, Any, Any, Any]
    tuning: Tuning
    objectives: Sequence[Objective] = ()


@dataclass(frozen=True, slots=True)
class FitResult:
    """How a run ended. The model holds the weights of ``best_step``."""

    steps: int
    best_step: int
    score: float | None
    """Of the validation rows; ``None`` if there were none: then the last weights are kept."""
    scores: dict[str, float]
    trained_tokens: int
    stopped_early: bool
    seconds: float
    """Of this process; work before a resume is not counted."""
    seconds_a_step: float
    """Of this process, validation included; 0 if it took none."""
    trained_weights: int
    """How many numbers were trained."""
    weights: int
    """How many the model has."""


def fit(
    model: TaskModel,
    train: Sequence[Any],
    valid: Sequence[Any],
    recipe: Recipe,
    method: Method,
    *,
    checkpoints: CheckpointFolder,
    callback: TrainingCallback,
    clock: Clock = time.monotonic,
    group: Group = ALONE,
) -> FitResult:
    """Train a freshly loaded model, in place, and leave it merged (see ``tunings``) and on the device it was trained on.

    Several processes of a ``group`` take each step together; they need the same arguments, and end with the same weights.

    If ``checkpoints`` holds a snapshot the run goes on from there and ends with the weights of an uninterrupted one.

    Raises:
        Stopped: The callback asked for it.
        TrainingFailed: There is nothing to train, the loss is not finite, or a single row does not fit into memory.
    """
    if not train:
        raise TrainingFailed("There are no rows to train on.", param="training_file")
    task, tuning = method.task, method.tuning
    torch.manual_seed(recipe.seed)
    model.to(best_device())
    train, valid = (_with_what_it_tells(model, examples, method) for examples in (train, valid))
    rows, train = len(train), task.prepare(model, train)
    recipe = recipe.packed(rows, len(train))
    words = torch.tensor(sorted({token for example in train for token in example.tokens}))
    total = recipe.steps(len(train))
    weights = sum(weight.numel() for weight in model.parameters())
    tuning.apply(model, words, total)
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    model.checkpoint_gradients(enable=recipe.gradient_checkpointing)
    optimizer = torch.optim.AdamW(parameter_groups(model, recipe), fused=True)
    stepper = Stepper(model, optimizer, recipe, task, tuning, method.objectives, callback, group)

    progress = _restored(model, optimizer, tuning, checkpoints, callback)
    group.same_weights(stepper.weights)
    first_step = progress.step
    pace = Pace(clock, first_step, total, recipe.checkpoint_seconds)
    while progress.step < total and progress.stale < recipe.patience:
        chance = np.random.default_rng((recipe.seed, progress.epoch))
        shuffled = batches(task.epoch(train, chance), recipe.batch_size, task.collate, chance)
        for batch in islice(shuffled, progress.batch, None):
            if group.any(model.device, found=callback.stopping()):
                checkpoints.save(model, optimizer, progress, tuning.state(model))
                raise Stopped
            group.draw_for(progress.step, recipe.seed)
            loss = stepper.step(batch, rate_factor(progress.step, total, recipe.warmup))
            progress.count(batch)
            tuning.stepped(model, progress.step)
            callback.stepped(pace.report(progress, loss, len(batch)))
            if pace.checkpoint_due():
                checkpoints.save(model, optimizer, progress, tuning.state(model))
            if progress.step == total:
                break
        if valid:
            _validate(model, valid, task, progress, checkpoints, callback, group)
        progress.next_epoch()

    checkpoints.end(model, optimizer, progress, tuning.state(model))
    if progress.best_step is not None:
        checkpoints.restore_best(model)
    tuning.merge(model)
    task.finish(model, train)
    return FitResult(
        steps=progress.step,
        best_step=progress.step if progress.best_step is None else progress.best_step,
        score=None if progress.best_step is None else progress.best_score,
        scores=progress.best_scores,
        trained_tokens=progress.tokens,
        stopped_early=progress.step < total,
        seconds=(seconds := pace.elapsed()),
        seconds_a_step=seconds / max(progress.step - first_step, 1),
        trained_weights=trained,
        weights=weights,
    )


def _restored(
    model: TaskModel,
    optimizer: torch.optim.Optimizer,
    tuning: Tuning,
    checkpoints: CheckpointFolder,
    callback: TrainingCallback,
) -> Progress:
    """Where an earlier attempt stopped, or the beginning."""
    promised = checkpoints.latest() is not None
    progress = checkpoints.restore(model, optimizer)
    tuning.load_state(model, checkpoints.tuning())
    if promised and checkpoints.latest() is None:
        callback.noticed("The checkpoint is another release's and does not fit this one: training begins again.")
    return progress


def _with_what_it_tells(model: TaskModel, examples: Sequence[Any], method: Method) -> Sequence[Any]:
    """Examples with what objectives want to know of the model before it changes."""
    for objective in method.objectives:
        examples = objective.examples(model, examples)
    return examples


def parameter_groups(model: TaskModel, recipe: Recipe) -> list[dict[str, Any]]:
    """The trained weights for the optimizer, grouped by ``lr`` and ``weight_decay`` (0 for biases and norms)."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    above = _layers_above(model) if recipe.layer_decay < 1 else {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = recipe.head_rate
        if name.startswith("encoder."):
            rate = recipe.encoder_rate * recipe.layer_decay ** above.get(
                name, model.layers
            )  # the words are below all layers
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": params, "lr": rate, "weight_decay": decay} for (rate, decay), params in groups.items()]


def _layers_above(model: TaskModel) -> dict[str, int]:
    """How many layers stand above the one of each weight that is in a layer of the encoder, by the weight's name.

    Raises:
        TrainingFailed: The layers cannot be told apart.
    """
    above = {
        id(weight): model.layers - 1 - place for place, layer in enumerate(model.stack) for weight in layer.parameters()
    }
    return {name: above[id(weight)] for name, weight in model.named_parameters() if id(weight) in above}


def _validate(
    model: TaskModel,
    valid: Sequence[Any],
    task: Task[Any, Any, Any, Any],
    progress: Progress,
    checkpoints: CheckpointFolder,
    callback: TrainingCallback,
    group: Group,
) -> None:
    """Try the weights on the validation rows, and keep them unless earlier ones were better."""
    found = group.same_figures(task.scores(model, valid) if group.leads else None, model.device)
    score = sum(found.values()) / max(len(found), 1)
    is_kept = progress.judge(score, found, task.judged(valid))
    if is_kept:
        checkpoints.save_best(model)
    callback.validated(ValidationReport(progress.step, found, score, is_kept))


def rate_factor(step: int, total: int, warmup: float) -> float:
    """Share of the peak learning rate for the step after ``step`` others: a linear rise, then a linear fall to 0."""
    rising = max(1, round(warmup * total))
    return min((step + 1) / rising, (total - step) / max(1, total - rising))


def rates_at(recipe: Recipe, step: int, total: int) -> dict[str, float]:
    """The learning rates of a step, counted from 1; of the encoder that of its uppermost layer."""
    factor = rate_factor(step - 1, total, recipe.warmup)
    return {"encoder_rate": factor * recipe.encoder_rate, "head_rate": factor * recipe.head_rate}
