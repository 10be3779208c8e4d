"""The search of a job: trial after trial, until there are enough or the time is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from services.training.fitting.callback import TrainingCallback
from services.training.fitting.loop import Stopped
from services.training.searching.callback import TrialCallback
from services.training.searching.study import Candidate
from services.training.searching.trial import Journal, State, Trial
from shared.contracts.training.searches import Search, Values
from shared.errors import TrainingFailed


class Surroundings(NamedTuple):
    """Of a search.

    Attributes:
        train: Trains with some values, under a callback.
        journal: Keeps what is over.
        interrupted: Whether the process was told to stop.
        told: Called with each trial that is over.
        clock: Seconds that only grow.
    """

    train: Callable[[int, Values, TrainingCallback], object]
    journal: Journal
    interrupted: Callable[[], bool]
    told: Callable[[Trial], object]
    clock: Callable[[], float]


def best_of(search: Search, whole: Mapping[str, bool], seed: int, around: Surroundings) -> tuple[Trial, list[Trial]]:
    """The best trial, and all of them; those that an earlier attempt at the job has finished are not made again.

    Args:
        search: What is asked for.
        whole: By name, whether a value is a whole number.
        seed: The same one makes the same trials.
        around: See there.

    Raises:
        Stopped: The process was told to stop; what is over is in the journal.
        TrainingFailed: No trial could be trained, or the metric is none.
    """
    finished = around.journal.finished()
    while len(finished) < search.trials and not _is_over(search, sum(trial.seconds for trial in finished)):
        trial = _tried(search, Candidate(search, whole, finished, seed), sum(one.seconds for one in finished), around)
        around.journal.add(trial)
        around.told(trial)
        finished.append(trial)
    judged = [trial for trial in finished if trial.score is not None and trial.state != "failed"]
    if not judged:
        raise TrainingFailed(
            f"None of {len(finished)} trials could be trained: {finished[-1].reason or 'the time was over'} Narrow search.space.",
            param="search.space",
        )
    whole_ones = [trial for trial in judged if trial.state == "complete"] or judged
    return max(whole_ones, key=lambda trial: trial.score or 0.0), finished


def _tried(search: Search, candidate: Candidate, spent: float, around: Surroundings) -> Trial:
    began = around.clock()

    def overtime() -> bool:
        return _is_over(search, spent + around.clock() - began)

    callback = TrialCallback(candidate, search.metric, around.interrupted, overtime)
    state: State = "complete"
    reason = None
    try:
        around.train(candidate.number, candidate.values, callback)
    except Stopped:
        if not callback.pruned:
            raise
        state = "pruned"
    except TrainingFailed as error:
        if error.param == "search.metric":
            raise
        state, reason = "failed", error.message
    return Trial(
        number=candidate.number,
        values=candidate.values,
        state=state,
        score=max(candidate.reported, default=None),
        reported=tuple(candidate.reported),
        seconds=around.clock() - began,
        reason=reason,
    )


def _is_over(search: Search, seconds: float) -> bool:
    return search.timeout_s is not None and seconds >= search.timeout_s
