"""The training loop: reads top to bottom in ``fit``."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from services.training.fitting.checkpoint import CheckpointFolder, Progress
from services.training.fitting.device import autocast, best_device
from services.training.fitting.recipe import Recipe
from services.training.objectives.adversarial import moved_against
from services.training.tasks.nlu.alignment import align
from services.training.tasks.nlu.contexts import alone, in_mixed_contexts
from services.training.tasks.nlu.examples import Batch, Example, batches
from services.training.tasks.nlu.loss import Counts, joint_loss
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict, scores
from services.training.tunings import tuning
from shared.errors import TrainingFailed

Clock = Callable[[], float]
"""Seconds that only ever grow."""


class Stopped(Exception):
    """The callback asked the run to stop; a checkpoint was written."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """One optimizer step was taken."""

    step: int
    """From 1."""
    total_steps: int
    epoch: int
    """From 1."""
    loss: float
    rows_per_second: float
    """Since this process began to train."""
    seconds_left: float


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The weights of a step were tried on the validation rows."""

    step: int
    scores: dict[str, float]
    score: float
    """The mean of ``scores``."""
    is_kept: bool
    """Whether these weights are the ones that the model would get if the run ended now."""


class TrainingCallback(Protocol):
    """Who watches a run. Called from the training thread: be quick."""

    def stepped(self, report: StepReport) -> None:
        """After every optimizer step."""

    def validated(self, report: ValidationReport) -> None:
        """After every validation."""

    def noticed(self, message: str) -> None:
        """Something happened that the owner of the job should know."""

    def stopping(self) -> bool:
        """Whether to stop now; asked before every step."""


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


def fit(
    model: JointModel,
    train: Sequence[Example],
    valid: Sequence[Example],
    recipe: Recipe,
    *,
    checkpoints: CheckpointFolder,
    callback: TrainingCallback,
    clock: Clock = time.monotonic,
) -> FitResult:
    """Train a freshly loaded model, in place, and leave it merged (see ``tuning``) and on the device it was trained on.

    If ``checkpoints`` holds a snapshot the run goes on from there and ends with the weights of an uninterrupted one.

    Raises:
        Stopped: The callback asked for it.
        TrainingFailed: There is nothing to train, the loss is not finite, or a single row does not fit into memory.
    """
    if not train:
        raise TrainingFailed("There are no rows to train on.", param="training_file")
    torch.manual_seed(recipe.seed)
    model.to(best_device())
    anchors = torch.from_numpy(predict(model, [alone(example) for example in train]).embeddings)
    model.start_from_prototypes(anchors, torch.tensor([example.intent for example in train]))
    words = torch.tensor(sorted({token for example in train for token in (*example.ids, *example.context)}))
    optimizer = torch.optim.AdamW(tuning.apply(model, recipe, words), fused=True)
    stepper = Stepper(model, optimizer, anchors, recipe, callback)

    promised = checkpoints.latest() is not None
    progress = checkpoints.restore(model, optimizer)
    if promised and checkpoints.latest() is None:
        callback.noticed("The checkpoint is another release's and does not fit this one: training begins again.")
    total = recipe.steps(len(train))
    pace = Pace(clock, progress.step, total, recipe.checkpoint_seconds)
    while progress.step < total and progress.stale < recipe.patience:
        chance = np.random.default_rng((recipe.seed, progress.epoch))
        shuffled = batches(in_mixed_contexts(train, chance, recipe), recipe.batch_size, chance)
        for batch in islice(shuffled, progress.batch, None):
            if callback.stopping():
                checkpoints.save(model, optimizer, progress)
                raise Stopped
            loss = stepper.step(batch, rate_factor(progress.step, total, recipe.warmup))
            progress.count(batch)
            callback.stepped(pace.report(progress, loss, len(batch)))
            if pace.checkpoint_due():
                checkpoints.save(model, optimizer, progress)
            if progress.step == total:
                break
        if valid:
            validate(model, valid, progress, checkpoints, callback)
        progress.next_epoch()

    if progress.best_step is not None:
        checkpoints.restore_best(model)
    tuning.merge(model)
    align(model, train, anchors.numpy())
    return FitResult(
        steps=progress.step,
        best_step=progress.step if progress.best_step is None else progress.best_step,
        score=None if progress.best_step is None else progress.best_score,
        scores=progress.best_scores,
        trained_tokens=progress.tokens,
        stopped_early=progress.step < total,
        seconds=pace.elapsed(),
    )


class Stepper:
    """Takes optimizer steps; when memory runs out it goes on with smaller pieces of each batch, summing their gradients.

    Args:
        model: In place on its device.
        optimizer: Over the trained weights; the rates it was made with are the peaks.
        anchors: [n, d] base embeddings of the training rows.
        recipe: See there.
        callback: Told when batches get split.
    """

    def __init__(
        self,
        model: JointModel,
        optimizer: torch.optim.Optimizer,
        anchors: Tensor,
        recipe: Recipe,
        callback: TrainingCallback,
    ) -> None:
        self._model = model
        self._optimizer = optimizer
        self._weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        self._peaks = [group["lr"] for group in optimizer.param_groups]
        self._anchors = anchors
        self._recipe = recipe
        self._observer = callback
        self._reach = recipe.adversarial * model.word_length
        self._piece = recipe.batch_size

    def step(self, batch: Batch, factor: float) -> float:
        """Train on a batch at ``factor`` times the peak rates; returns its loss.

        Raises:
            TrainingFailed: The loss is not finite, or a single row does not fit into memory.
        """
        while True:
            try:
                loss = self._accumulate(batch)
                break
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise
                self._halve(error)
        if not math.isfinite(loss):
            raise TrainingFailed(
                "The loss is no longer finite. Lower the learning_rate_multiplier.",
                param="hyperparameters.learning_rate_multiplier",
            )
        torch.nn.utils.clip_grad_norm_(self._weights, self._recipe.clip_norm)
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * factor
        self._optimizer.step()
        return loss

    def _accumulate(self, batch: Batch) -> float:
        """Set the gradients of a batch; returns its loss."""
        self._optimizer.zero_grad()
        self._model.train()
        loss = self._backward(batch)
        if self._reach > 0:
            with moved_against(self._model.word_embeddings, self._reach):
                self._backward(batch)
        return loss

    def _backward(self, batch: Batch) -> float:
        """Add the gradients of a batch to those that are there; returns its loss."""
        device = self._model.projection.weight.device
        whole = Counts.of(batch)
        total = 0.0
        for piece in batch.chunks(self._piece):
            anchors = self._anchors[piece.positions].to(device)
            moved = piece.to(device)
            with autocast(device):
                output = self._model(*moved.read())
            loss = joint_loss(output, moved, anchors, whole, self._recipe)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        return total

    def _halve(self, error: RuntimeError) -> None:
        self._optimizer.zero_grad()
        if self._piece == 1:
            raise TrainingFailed(
                "A single row does not fit into memory. Lower tuning.max_length or choose a smaller base model.",
                param="tuning.max_length",
            ) from error
        self._piece //= 2
        self._observer.noticed(f"Memory ran out: batches are now computed in pieces of {self._piece} rows.")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


class Pace:
    """How fast a run goes, and when the next checkpoint is due."""

    def __init__(self, clock: Clock, first_step: int, total_steps: int, checkpoint_seconds: float) -> None:
        self._clock = clock
        self._began = self._saved = clock()
        self._first_step = first_step
        self._total_steps = total_steps
        self._checkpoint_seconds = checkpoint_seconds
        self._rows = 0

    def elapsed(self) -> float:
        """Seconds since this process began to train."""
        return self._clock() - self._began

    def report(self, progress: Progress, loss: float, rows: int) -> StepReport:
        """The report of a step over so many rows."""
        self._rows += rows
        elapsed = max(self.elapsed(), 1e-9)
        return StepReport(
            step=progress.step,
            total_steps=self._total_steps,
            epoch=progress.epoch + 1,
            loss=loss,
            rows_per_second=self._rows / elapsed,
            seconds_left=elapsed / (progress.step - self._first_step) * (self._total_steps - progress.step),
        )

    def checkpoint_due(self) -> bool:
        """Whether it is time; if so, the time starts anew."""
        now = self._clock()
        due = now - self._saved >= self._checkpoint_seconds
        if due:
            self._saved = now
        return due


def validate(
    model: JointModel,
    valid: Sequence[Example],
    progress: Progress,
    checkpoints: CheckpointFolder,
    callback: TrainingCallback,
) -> None:
    """Try the weights on the validation rows, and keep them unless earlier ones were better."""
    found = scores(predict(model, valid), valid, model.labels)
    score = sum(found.values()) / max(len(found), 1)
    is_kept = progress.judge(score, found, len(valid))
    if is_kept:
        checkpoints.save_best(model)
    callback.validated(ValidationReport(progress.step, found, score, is_kept))


def rate_factor(step: int, total: int, warmup: float) -> float:
    """Share of the peak learning rate for the step after ``step`` others: a linear rise, then a linear fall to 0."""
    rising = max(1, round(warmup * total))
    return min((step + 1) / rising, (total - step) / max(1, total - rising))


def _is_out_of_memory(error: RuntimeError) -> bool:
    # On a CPU torch raises a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
