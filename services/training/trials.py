"""The search of a job: its trials are trained on its training rows and judged on its validation rows, like the run that follows."""

from __future__ import annotations

import dataclasses
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.training.fitting.callback import TrainingCallback
from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import Method, fit
from services.training.fitting.recipe import Recipe
from services.training.jobs.context import AttemptContext
from services.training.jobs.stored_trials import StoredTrials
from services.training.models.task_model import TaskModel
from services.training.searching.search import Surroundings, best_of
from services.training.searching.trial import Trial
from services.training.tunings.table import tuning_of
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.searches import Search, Values
from shared.storage.tables.core import Job


class Plan(NamedTuple):
    """How a model is trained, and by which numbers."""

    method: Method
    recipe: Recipe


class Searched(NamedTuple):
    """What a search came to.

    Attributes:
        plan: That of the best trial.
        figures: All trials, for the metrics of the model.
    """

    plan: Plan
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trials:
    """Tries out what a job lets vary.

    Attributes:
        build: A freshly loaded model, with a dropout.
        train: Examples.
        validation: Examples.
        method: As the job asks, but for the values that are tried; its objectives are ready.
        recipe_of: The numbers that a job means.
        job: Whose.
        context: Its surroundings.
    """

    build: Callable[[float], TaskModel]
    train: Sequence[Any]
    validation: Sequence[Any]
    method: Method
    recipe_of: Callable[[JobSpec], Recipe]
    job: Job
    context: AttemptContext

    def searched(self, search: Search) -> Searched:
        """Make the trials; the plan of the best one.

        Raises:
            Stopped: The process was told to stop; the trials that are over are kept.
            TrainingFailed: None could be trained.
        """
        context, spec = self.context, self.job.spec
        journal = StoredTrials(context.store, self.job.id, context.folder / "trials" / "kept")
        around = Surroundings(self._fit, journal, context.stopping, self._tell, time.monotonic)
        best, trials = best_of(search, spec.whole_numbers, self.job.seed, around)
        context.events.message(
            f"Trial {best.number + 1} of {len(trials)} is the best and is trained: {_shown(best.values)}.", best.values
        )
        figures = [trial.model_dump(mode="json", exclude_none=True) for trial in trials]
        return Searched(self._plan(best.values), {"best": best.number, "trials": figures})

    def _plan(self, values: Values) -> Plan:
        spec = self.job.spec.tried(values)
        return Plan(dataclasses.replace(self.method, tuning=tuning_of(spec.tuning)), self.recipe_of(spec))

    def _fit(self, number: int, values: Values, callback: TrainingCallback) -> None:
        plan = self._plan(values)
        recipe = dataclasses.replace(plan.recipe, checkpoint_seconds=math.inf)
        folder = self.context.folder / "trials" / str(number)
        try:
            fit(
                self.build(recipe.dropout),
                self.train,
                self.validation,
                recipe,
                plan.method,
                checkpoints=CheckpointFolder(folder),
                callback=callback,
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _tell(self, trial: Trial) -> None:
        score = "no score" if trial.score is None else f"validation {trial.score:.3f}"
        state = trial.state if trial.reason is None else f"{trial.state}: {trial.reason.rstrip('.')}"
        data = {"trial": trial.number, "values": trial.values, "score": trial.score, "state": trial.state}
        self.context.events.message(
            f"Trial {trial.number + 1} ({_shown(trial.values)}): {score}, {state}, {trial.seconds:.0f} s.", data
        )


def _shown(values: Values) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in values.items())
