"""Ways to find a surge, each with one knob: ours, two that people start with, and one that knows what nobody knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.monitoring.detection.budget import Budget
from services.monitoring.detection.episodes import CALM_MINUTES, Episode, episodes
from services.monitoring.detection.series import HOUR, MINUTE, Floats, Series, trailing
from services.monitoring.detection.table import judge
from services.monitoring.detection.usual import BURST_DAYS, GUARD, HISTORY_DAYS, Usual, learn
from shared.contracts.monitoring.alert_rules import default_rules

DAY = 1440
#: Minutes before the present that a judgement needs.
LOOK_BACK = DAY
#: Minutes without an alarm after which the next one is another.
_APART = 60


def learned(stream: Series, now: int) -> Usual:
    """What our rules know at a full hour."""
    until = (now - GUARD) // HOUR * HOUR
    hours = stream.between(until - HISTORY_DAYS * 86_400, until).coarser(HOUR)
    return learn(hours, stream.between(until - BURST_DAYS * 86_400, until))


def found_by_rules(stream: Series, since: int, until: int, budgets: tuple[float, ...]) -> list[list[int]]:
    """Unix minutes at which alerts of our default rules begin in ``[since, until)``, for each false-alarm budget a day.

    What is usual is learned anew at every full hour, from what was known then, as monitoring does it.
    """
    started: list[list[int]] = [[] for _ in budgets]
    rules = default_rules()
    over = [[since - DAY * MINUTE] * len(rules) for _ in budgets]
    for hour in range(since // HOUR * HOUR, until, HOUR):
        usual = learned(stream, hour)
        piece = stream.between(hour - LOOK_BACK * MINUTE, min(hour + HOUR, until))
        last = min(hour + HOUR, until) - max(hour, since)
        shown = piece.between(piece.end - last - CALM_MINUTES * MINUTE, piece.end)
        for at, rule in enumerate(rules):
            judgement = judge(rule, piece, usual, len(shown))
            for which, budget in enumerate(budgets):
                found = episodes(judgement, Budget(budget, 1, len(rules)).levels(judgement), CALM_MINUTES)
                for one in found:
                    begin = shown.start + one.found.minute * MINUTE
                    if begin - over[which][at] > one.found.window * MINUTE or begin - over[which][at] > DAY * MINUTE:
                        started[which].append(begin)
                    over[which][at] = _end(one, shown)
    return [_merged(times) for times in started]


def _end(one: Episode, piece: Series) -> int:
    last = len(piece) - 1 if one.end is None else one.end
    return piece.start + max(last - CALM_MINUTES, one.found.minute) * MINUTE


def _merged(times: list[int]) -> list[int]:
    """Alerts of several rules that begin within an hour are one incident."""
    kept: list[int] = []
    latest = 0
    for time in sorted(times):
        if time - latest > _APART * MINUTE:
            kept.append(time)
        latest = time
    return kept


@dataclass(frozen=True, slots=True)
class Score:
    """A figure by minute that means a surge where it is high."""

    name: str
    values: Floats

    def alarms(self, threshold: float, first: int) -> list[int]:
        """Positions at which an alarm begins."""
        loud = (self.values[first:] >= threshold).nonzero()[0] + first
        return [int(at) for at, before in zip(loud, [-_APART - 1, *loud[:-1]], strict=True) if at - before > _APART]


def fixed_threshold(stream: Series, *, negative_only: bool) -> Score:
    """Texts of the last hour."""
    return Score("fixed threshold on the last hour", trailing(stream.negative if negative_only else stream.texts, 60))


def daily_z(stream: Series, *, negative_only: bool) -> Score:
    """Texts of the last 24 hours beside mean and deviation of the 28 days before, judged every minute."""
    day = trailing(stream.negative if negative_only else stream.texts, DAY)
    before = np.stack([np.concatenate((np.zeros(DAY * n), day[: -DAY * n])) for n in range(1, 29)])
    deviation = np.maximum(before.std(axis=0), np.sqrt(np.maximum(before.mean(axis=0), 1.0)))
    return Score("z-score on daily counts", (day - before.mean(axis=0)) / deviation)


def all_knowing(stream: Series, rate: Floats, factor: float, *, negative_only: bool) -> Score:
    """A CUSUM of the log-likelihood ratio that is told the true rate by minute and the true factor (Page 1954; optimal by Moustakides 1986)."""
    counts = stream.negative if negative_only else stream.texts
    steps = counts * np.log(factor) - rate * (factor - 1)
    total, sums = 0.0, np.empty(len(steps))
    for at, step in enumerate(steps):
        total = max(0.0, total + step)
        sums[at] = total
    return Score("CUSUM that is told rate and factor", sums)
