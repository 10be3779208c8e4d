"""``python -m tests.load.alerts``: surges of known size and time, put into streams that arrive as two dated sets do; writes docs/alerts-quality.md.

Every method gets one false alarm a simulated week: ours as it is configured, the others by the threshold that gives them just that on
the very streams. A surge begins at a minute when about the stream's mean rate is usual, and stays.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from services.monitoring.detection.series import MINUTE, Series
from shared.contracts.monitoring.alert_rules import FALSE_ALARMS_PER_DAY
from tests.architecture.source import ROOT
from tests.load.alerts_methods import DAY, Score, all_knowing, daily_z, fixed_threshold, found_by_rules
from tests.load.alerts_page import page, picture
from tests.load.alerts_replay import World, airline, news, simulate, with_surge

REPORT = ROOT / "docs" / "alerts-quality.md"
PICTURE = ROOT / "docs" / "alerts-quality.png"

RATES = (30, 60, 120, 300, 600, 1200)
FACTORS = (3.0, 1.5)
#: Minutes within which a surge is found, or is not.
PATIENCE = 60
#: Minutes before a surge: an alarm that began by chance then has not found it.
_BEFORE = 30
_WEEK = 7 * DAY
_HISTORY = 4 * _WEEK

Values = Callable[[Series], Score]


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table."""

    world: str
    negative_only: bool
    factor: float
    rate: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a method made of the surges of a case; delays in minutes of event time, ``inf`` where it found none in an hour.

    Attributes:
        false_alarms: A week, on streams without a surge.
    """

    method: str
    false_alarms: float
    delays: tuple[float, ...]

    def recall(self, within: int) -> float:
        """Share found within so many minutes."""
        return float(np.mean([delay <= within for delay in self.delays]))

    @property
    def median(self) -> float:
        """Median delay over all surges, found or not."""
        return float(np.median(self.delays))


def methods(world: World, rate: float, factor: float, *, negative_only: bool) -> list[Values]:
    """The others."""

    def knowing(stream: Series) -> Score:
        position = (stream.starts - stream.starts[0]) // MINUTE
        usual = rate / 60 * world.rate(position + 0.5)
        share = world.share[(position // 60) % 168] if negative_only else 1.0
        return all_knowing(stream, usual * share, factor, negative_only=negative_only)

    return [
        partial(fixed_threshold, negative_only=negative_only),
        partial(daily_z, negative_only=negative_only),
        knowing,
    ]


def threshold(score: Score, weeks: int) -> float:
    """The lowest that gives one false alarm a week at most."""
    values = np.unique(score.values[_HISTORY:])
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        if len(score.alarms(values[middle], _HISTORY)) <= weeks:
            high = middle
        else:
            low = middle + 1
    return float(values[low])


def surges(world: World, case: Case, trials: int) -> Iterator[tuple[Series, int]]:
    """Streams with one surge each, and the position at which it begins."""
    rng = np.random.default_rng([int(case.rate), int(case.factor * 10), case.negative_only, len(case.world)])
    hours = np.flatnonzero((world.profile > 0.8) & (world.profile < 1.25))
    for _ in range(trials):
        start = int(rng.choice(hours)) * 60 + int(rng.integers(60))
        stream = simulate(world, rng, 4 * 168 + start // 60 + 3, float(case.rate))
        at = _HISTORY + start
        yield (
            with_surge(
                world,
                rng,
                stream,
                at,
                PATIENCE,
                case.factor,
                negative_only=case.negative_only,
                per_hour=float(case.rate),
            ),
            at,
        )


def measure(world: World, case: Case, quiet: Series, weeks: int, false_alarms: float, trials: int) -> list[Figures]:
    """Ours first."""
    others = methods(world, case.rate, case.factor, negative_only=case.negative_only)
    scores = [method(quiet) for method in others]
    limits = [threshold(score, weeks) for score in scores]
    delays: list[list[float]] = [[] for _ in (None, *others)]
    for stream, at in surges(world, case, trials):
        begin = stream.start + at * MINUTE
        (found,) = found_by_rules(stream, begin - _BEFORE * MINUTE, begin + PATIENCE * MINUTE, (FALSE_ALARMS_PER_DAY,))
        delays[0].append((found[0] - begin) / MINUTE + 1 if found and found[0] >= begin else np.inf)
        for method, limit, into in zip(others, limits, delays[1:], strict=True):
            loud = np.flatnonzero(method(stream).values[at - _BEFORE : at + PATIENCE] >= limit) - _BEFORE
            into.append(float(loud[0]) + 1 if len(loud) and loud[0] >= 0 else np.inf)
    told = [false_alarms, *(len(s.alarms(t, _HISTORY)) / weeks for s, t in zip(scores, limits, strict=True))]
    names = ["Parley's rules", *(score.name for score in scores)]
    return [Figures(*row) for row in zip(names, told, map(tuple, delays), strict=True)]


def main() -> None:
    """Measure, and write the page and its picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=4, help="simulated weeks without a surge, a set and rate")
    parser.add_argument("--trials", type=int, default=40, help="surges a row")
    given = parser.parse_args()
    measured: dict[Case, list[Figures]] = {}
    for world in (airline(), news()):
        for rate in RATES:
            quiet = simulate(world, np.random.default_rng([rate, 7]), 168 * (4 + given.weeks), float(rate))
            since = quiet.end - given.weeks * _WEEK * MINUTE
            (alarms,) = found_by_rules(quiet, since, quiet.end, (FALSE_ALARMS_PER_DAY,))
            for factor in FACTORS:
                for negative_only in (False, True):
                    case = Case(world.name, negative_only, factor, rate)
                    measured[case] = measure(world, case, quiet, given.weeks, len(alarms) / given.weeks, given.trials)
                    print(
                        case,
                        [(f.method, f.false_alarms, f.recall(2), f.recall(60), f.median) for f in measured[case]],
                        flush=True,
                    )
    machine = f"{platform.machine()}, seeded, {given.trials} surges a row, {given.weeks} simulated weeks without one for each set and rate"
    REPORT.write_text(page(measured, machine, PICTURE.name), encoding="utf-8")
    picture(measured, PICTURE)


if __name__ == "__main__":
    main()
