"""What to try next, and whether to go on with it: Optuna's samplers and pruners (Akiba et al. 2019, arXiv:1907.10902)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from services.training.searching.trial import Trial
from shared.contracts.training.searches import STARTING_TRIALS, Range, Search

_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class Candidate:
    """What is tried next.

    Args:
        search: What the job asks for.
        whole: By name, whether a value is a whole number.
        earlier: The trials that are over. With the seed they decide what comes next, whether the job was interrupted or not.
        seed: Of the job.
    """

    def __init__(self, search: Search, whole: Mapping[str, bool], earlier: Sequence[Trial], seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        space = {name: _distribution(one, is_whole=whole[name]) for name, one in search.space.items()}
        self.number = len(earlier)
        study = optuna.create_study(
            direction="maximize",
            # A generator that goes on through the trials could not be taken up again: each trial has its own.
            sampler=optuna.samplers.TPESampler(
                seed=(seed * 1_000 + self.number) % 2**32, n_startup_trials=STARTING_TRIALS, multivariate=False
            ),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTING_TRIALS - 2, n_warmup_steps=0),
        )
        for trial in earlier:
            study.add_trial(
                create_trial(
                    state=_STATES[trial.state],
                    value=trial.score if trial.state != "failed" else None,
                    params=dict(trial.values),
                    distributions=space,
                    intermediate_values=dict(enumerate(trial.reported, start=1)),
                )
            )
        self._trial = study.ask(space)
        self.values: dict[str, int | float] = dict(self._trial.params)
        self.reported: list[float] = []

    def hopeless(self, score: float) -> bool:
        """Note the score after an epoch; says whether it is below the median of what earlier trials had reached by then."""
        self.reported.append(score)
        self._trial.report(score, len(self.reported))
        return self._trial.should_prune()


def _distribution(one: Range | tuple[int | float, ...], *, is_whole: bool) -> BaseDistribution:
    if isinstance(one, tuple):
        return CategoricalDistribution(one)
    if is_whole:
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)
