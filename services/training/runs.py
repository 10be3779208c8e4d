"""The run of a job, or the several runs that become one model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn

from services.training.ensembling.logits import LogitsEnsemble
from services.training.ensembling.soup import Member, greedy_soup, keep
from services.training.fitting.device import best_device
from services.training.fitting.loop import FitResult, Method, fit, rates_at
from services.training.fitting.recipe import Recipe
from services.training.jobs.context import AttemptContext
from services.training.jobs.events import JobCallback
from services.training.jobs.stored_checkpoints import FollowedCheckpoints, StoredCheckpoints
from services.training.models.task_model import TaskModel
from services.training.tracking.description import run_of
from shared.contracts.training.ensembles import Ensemble
from shared.storage.tables.core import Job


@dataclass(frozen=True, slots=True)
class Trained:
    """What training came to.

    Attributes:
        model: The model, merged; of several whose answers are averaged the first.
        graph: What is exported: the model, or those several.
        fitted: How it went; of several runs the sums.
        ensemble: The scores on the validation rows of each member and of what was made of them; empty if there was one run.
    """

    model: TaskModel
    graph: nn.Module
    fitted: FitResult
    ensemble: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Runs:
    """Trains what a job asks for.

    Attributes:
        build: A freshly loaded model; the same every time.
        train: Examples.
        validation: Examples.
        recipe: Its seed is the first run's; each further one has the next.
        method: How.
        job: Whose.
        context: Its surroundings.
    """

    build: Callable[[], TaskModel]
    train: Sequence[Any]
    validation: Sequence[Any]
    recipe: Recipe
    method: Method
    job: Job
    context: AttemptContext

    def trained(self) -> Trained:
        """Train all there is to train; a job that was interrupted goes on with the run that it was at.

        Raises:
            Stopped: The process was told to stop; a checkpoint was written.
            TrainingFailed: See ``fit``.
            LeaseLost: The job is no longer ours.
        """
        job, context = self.job, self.context
        newest = StoredCheckpoints(context.folder, context.store, context.lease).newest()
        earlier = [point for point in context.events.curve() if point.step <= newest]
        if context.group.leads:
            context.tracking.begin(job.spec.integrations, run_of(job.id, job.spec, self.recipe), earlier)
        asked = job.spec.ensemble
        if asked is not None:
            return self._together(asked)
        model = self.build()
        fitted = self._fit(model, 0, 1)
        context.events.message(
            f"Trained {fitted.steps} steps; the weights of step {fitted.best_step} are kept.", fitted.scores
        )
        return Trained(model, model, fitted, {})

    def _fit(self, model: TaskModel, place: int, runs: int) -> FitResult:
        context, steps = self.context, self.recipe.steps(len(self.train))
        kind = StoredCheckpoints if context.group.leads else FollowedCheckpoints
        checkpoints = kind(
            context.folder / "checkpoints" / f"run-{place}",
            context.store,
            context.lease,
            before=(before := place * steps),
            steps=steps,
            keeps_end=runs > 1,
        )
        step = checkpoints.fetch()
        if step is not None:
            context.events.message(f"Goes on from the checkpoint of step {before + step}.")
        callback = JobCallback(
            context.events,
            context.stopping,
            partial(rates_at, self.recipe),
            before=before,
            after=(runs - 1 - place) * steps,
        )
        recipe = dataclasses.replace(self.recipe, seed=self.recipe.seed + place)
        return fit(
            model,
            self.train,
            self.validation,
            recipe,
            self.method,
            checkpoints=checkpoints,
            callback=callback,
            group=context.group,
        )

    def _together(self, asked: Ensemble) -> Trained:
        models, files, results, scores = [], [], [], []
        for place in range(asked.members):
            model = self.build()
            results.append(self._fit(model, place, asked.members))
            scores.append(self.method.task.scores(model, self.validation))
            self.context.events.message(
                f"Member {place + 1} of {asked.members}: validation {_shown(scores[-1])}.", scores[-1]
            )
            if asked.average == "logits":
                models.append(model)
            else:
                files.append(keep(model, self.context.folder / "members" / f"{place}.safetensors"))
        fitted = _sum(results)
        if asked.average == "logits":
            together = LogitsEnsemble(models)
            found = self.method.task.scores(together, self.validation)
            told = self._told(asked, scores, found, list(range(asked.members)))
            return Trained(models[0], together, dataclasses.replace(fitted, scores=found), told)
        model, found, kept = self._soup(files, scores)
        told = self._told(asked, scores, found, kept)
        return Trained(model, model, dataclasses.replace(fitted, scores=found), told)

    def _soup(self, files: Sequence[Any], scores: Sequence[Mapping[str, float]]) -> tuple[TaskModel, Any, list[int]]:
        task, model = self.method.task, self.build()
        model.to(best_device())
        train = task.prepare(model, self.train)
        members = [Member(file, _mean(found)) for file, found in zip(files, scores, strict=True)]
        kept = greedy_soup(model, members, lambda: _mean(task.scores(model, self.validation)))
        task.finish(model, train)
        return model, task.scores(model, self.validation), kept

    def _told(
        self, asked: Ensemble, scores: Sequence[Mapping[str, float]], found: Mapping[str, float], kept: list[int]
    ) -> dict[str, Any]:
        """Tell what came of the members; the same for the metrics of the model."""
        which = "all members" if len(kept) == len(scores) else "member " + ", ".join(str(place + 1) for place in kept)
        self.context.events.message(
            f"The mean of the {asked.average} of {which}: validation {_shown(found)}.", dict(found)
        )
        members = [dict(one) for one in scores]
        return {"average": asked.average, "members": members, "kept": kept, "scores": dict(found)}


def _sum(results: Sequence[FitResult]) -> FitResult:
    """Of several runs."""
    seconds = sum(one.seconds for one in results)
    paces = [one.seconds_a_step for one in results if one.seconds_a_step]
    return dataclasses.replace(
        results[0],
        steps=sum(one.steps for one in results),
        trained_tokens=sum(one.trained_tokens for one in results),
        seconds=seconds,
        seconds_a_step=sum(paces) / max(len(paces), 1),
    )


def _mean(scores: Mapping[str, float]) -> float:
    return sum(scores.values()) / max(len(scores), 1)


def _shown(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in scores.items())
