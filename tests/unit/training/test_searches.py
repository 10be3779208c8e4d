"""Jobs that try numbers out before they train."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pydantic import ValidationError

from services.training.fitting.callback import TrainingCallback, ValidationReport
from services.training.fitting.loop import Stopped
from services.training.jobs.child import ENDED
from services.training.searching.search import Surroundings, best_of
from services.training.searching.trial import Trial
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.offered import job_not_offered
from shared.contracts.training.searches import Search
from shared.contracts.training.tunings import Lora
from shared.errors import TrainingFailed
from shared.storage.training import models
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import tiny_base

SPACE: dict[str, Any] = {"learning_rate_multiplier": {"low": 0.1, "high": 30, "log": True}}
WHOLE = {"learning_rate_multiplier": False}


class Kept:
    """A journal in memory."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []

    def finished(self) -> list[Trial]:
        """Those that are over."""
        return [*self.trials]

    def add(self, trial: Trial) -> None:
        """One is over."""
        self.trials.append(trial)


def search(trials: int = 8, **more: Any) -> Search:
    return Search.model_validate({"trials": trials, "space": SPACE} | more)


def peak_at_three(number: int, values: Any, callback: TrainingCallback) -> None:
    """A run of three epochs whose score is best at a multiplier of 3."""
    del number
    for epoch in (1, 2, 3):
        score = epoch / 3 / (1 + abs(values["learning_rate_multiplier"] - 3))
        callback.validated(ValidationReport(epoch, {"accuracy": score, "f1": score / 2}, score, is_kept=True))
        if callback.stopping():
            raise Stopped


def around(
    journal: Kept,
    train: Callable[[int, Any, TrainingCallback], None] = peak_at_three,
    interrupted: Callable[[], bool] = lambda: False,
) -> Surroundings:
    ticks = itertools.count()
    return Surroundings(train, journal, interrupted, lambda _: None, lambda: float(next(ticks)))


def test_the_best_trial_is_found_and_hopeless_ones_are_given_up() -> None:
    best, trials = best_of(search(20), WHOLE, 1, around(Kept()))
    assert best.score == max(trial.score or 0 for trial in trials if trial.state == "complete")
    assert 1 < best.values["learning_rate_multiplier"] < 6
    assert {trial.state for trial in trials} == {"complete", "pruned"}
    assert all(len(trial.reported) < 3 for trial in trials if trial.state == "pruned")


def test_an_interrupted_search_makes_the_trials_that_it_would_have_made() -> None:
    _, whole = best_of(search(), WHOLE, 7, around(Kept()))
    stopped, journal = Event(), Kept()

    def until_the_fourth(number: int, values: Any, callback: TrainingCallback) -> None:
        if number == 3:
            stopped.set()
        peak_at_three(number, values, callback)

    with pytest.raises(Stopped):
        best_of(search(), WHOLE, 7, around(journal, until_the_fourth, stopped.is_set))
    assert [trial.number for trial in journal.trials] == [0, 1, 2]

    _, resumed = best_of(search(), WHOLE, 7, around(journal))
    assert [(one.values, one.state, one.reported) for one in resumed] == [
        (one.values, one.state, one.reported) for one in whole
    ]


def test_a_search_ends_in_time() -> None:
    _, trials = best_of(search(50, timeout_s=20), WHOLE, 1, around(Kept()))
    assert 1 <= len(trials) < 20


def test_a_score_that_there_is_not_is_refused_and_one_that_there_is_counts() -> None:
    with pytest.raises(TrainingFailed, match="there are accuracy, f1"):
        best_of(search(metric="bleu"), WHOLE, 1, around(Kept()))
    best, _ = best_of(search(metric="f1"), WHOLE, 1, around(Kept()))
    assert best.score is not None
    assert best.score <= 0.5


def test_trials_that_cannot_be_trained_are_passed_over() -> None:
    def only_even(number: int, values: Any, callback: TrainingCallback) -> None:
        if number % 2:
            raise TrainingFailed("The loss is no longer finite.")
        peak_at_three(number, values, callback)

    _, trials = best_of(search(4), WHOLE, 1, around(Kept(), only_even))
    assert [trial.state == "failed" for trial in trials] == [False, True, False, True]

    def never(_number: int, _values: Any, _callback: TrainingCallback) -> None:
        raise TrainingFailed("No.")

    with pytest.raises(TrainingFailed, match=r"None of 2 trials could be trained: No\."):
        best_of(search(2), WHOLE, 1, around(Kept(), never))


def job(**options: Any) -> JobSpec:
    return JobSpec.model_validate(
        {"task": "text_classification", "model": "minilm", "training_file": "file-1", **options}
    )


def test_names_and_values_that_no_job_has_are_refused_by_name() -> None:
    with pytest.raises(ValidationError, match=r"'tuning.rank', which cannot be searched here; there are .*n_epochs"):
        job(search={"trials": 2, "space": {"tuning.rank": [4, 8]}})
    asked = job(tuning={"type": "lora"}, search={"trials": 2, "space": {"tuning.rank": [4, 8]}})
    assert job_not_offered(asked) is None
    assert asked.tried({"tuning.rank": 8}).tuning == Lora(rank=8)
    with pytest.raises(ValidationError, match="not below high"):
        job(search={"trials": 2, "space": {"schedule.warmup": {"low": 0.5, "high": 0.1}}})
    refused = job_not_offered(job(search={"trials": 2, "space": {"schedule.warmup": {"low": 0.5, "high": 2}}}))
    assert refused is not None
    assert "'schedule.warmup': 2 is refused" in refused[1]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=tmp_path / "models") as made:
        yield made


def test_a_job_trains_the_best_of_its_trials(bench: Bench, tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "models" / "tiny")
    sample = SAMPLES["text_classification", "one label"]
    asked = job_kit.spec(str(base), bench.upload(sample.rows), epochs=2).model_copy(
        update={"task": "text_classification", "tuning": Lora()}
    )
    space = {"learning_rate_multiplier": [0.001, 10.0], "tuning.rank": [4, 8], "n_epochs": {"low": 1, "high": 3}}
    asked = asked.model_copy(update={"search": Search.model_validate({"trials": 3, "space": space})})

    job_id, status, _ = attempt_at(bench, asked)

    told = bench.told(job_id)
    assert (status, bench.job(job_id).status) == (ENDED, "succeeded"), told
    with bench.database.reading() as session:
        metrics = models.get(session, bench.job(job_id).fine_tuned_model or "").metrics
    trials = metrics["search"]["trials"]
    assert len(trials) == 3
    assert [line.startswith("Trial ") and " validation " in line for line in told].count(True) == 3
    best = trials[metrics["search"]["best"]]
    assert best["score"] == max(trial["score"] for trial in trials if trial["state"] == "complete")
    last = next(line for line in told if line.startswith("Trained "))
    assert int(last.split()[1]) == best["values"]["n_epochs"] * -(-_train_rows(told) // 8)


def _train_rows(told: list[str]) -> int:
    return int(next(line for line in told if "rows train the model" in line).split()[0])
