"""Streams that arrive as two dated sets do, with surges of known size and time put in.

What is measured on a set: the rate by hour of the week, how much hours vary around it (a log-normal factor with memory), and the share
of negatives by hour. What is made up, and said in the report: the minutes within the hour (``airline_tweets_dated`` covers eight days, so
that its weeks are drawn from its days), and the hours of ``finance_news_zh_dated``, which knows days alone.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.monitoring.detection.series import MINUTE, Floats, Series

#: A Monday, 00:00 UTC.
MONDAY = 1_790_553_600
_WEEK = 168
_STORM = ("2015-02-22", "2015-02-23", "2015-02-24")
#: Share of a day's news by hour: before the opening, trading hours with their break, the filings of the evening.
_NEWS_DAY = (1.0, 1.0, 0.5, 0.5, 0.5, 1.0, 3.0, 6, 10, 12, 10, 8, 5, 7, 9, 10, 9, 8, 8, 8, 7, 5, 3, 2)


@dataclass(frozen=True, slots=True)
class World:
    """How a set arrives.

    Attributes:
        profile: Relative rate by hour of the week, mean 1, shape ``[168]``.
        share: Share of negatives by hour of the week.
        positive: Share of positives among the others.
        spread: Standard deviation of the logarithm of an hour's own factor.
        memory: Correlation of one hour's factor with the next one's.
    """

    name: str
    profile: Floats
    share: Floats
    positive: float
    spread: float
    memory: float

    def rate(self, minutes: NDArray[Any]) -> Floats:
        """Relative rate at minutes since Monday; hours pass into each other."""
        position = minutes / 60 - 0.5
        low = np.floor(position).astype(int)
        part = position - low
        rate: Floats = self.profile[low % _WEEK] * (1 - part) + self.profile[(low + 1) % _WEEK] * part
        return rate


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a dated set."""
    folder = Path(os.environ.get("PARLEY_TEST_DATA", "../shared/data"))
    with gzip.open(folder / "sentiment" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def airline() -> World:
    """Complaints to airlines, by the minute; the three days of the storm are a surge by themselves, and left out."""
    found = [row for row in rows("airline_tweets_dated") if row["timestamp"][:10] not in _STORM]
    stamps = [datetime.fromisoformat(row["timestamp"]) for row in found]
    days = sorted({stamp.date() for stamp in stamps})[1:]  # the first has four rows
    counts = _table(days, Counter((stamp.date(), stamp.hour) for stamp in stamps))
    negative = Counter(stamp.hour for stamp, row in zip(stamps, found, strict=True) if row["label"] == "negative")
    total = Counter(stamp.hour for stamp in stamps)
    share = np.array([(negative[hour] + 3) / (total[hour] + 5) for hour in range(24)])
    positive = sum(row["label"] == "positive" for row in found) / sum(row["label"] != "negative" for row in found)
    spread, memory = _variation(counts)
    return World(
        "airline_tweets_dated", np.tile(_levelled(counts.mean(axis=0)), 7), np.tile(share, 7), positive, spread, memory
    )


def _table(days: Sequence[date], counts: Counter[tuple[date, int]]) -> Floats:
    return np.array([[float(counts[day, hour]) for hour in range(24)] for day in days])


def _levelled(values: Floats) -> Floats:
    levelled: Floats = np.maximum(values, 0.02 * values.mean()) / values.mean()
    return levelled


def _variation(counts: Floats) -> tuple[float, float]:
    """Spread and memory of what an hour differs by from the mean of its hour of the day, without what chance makes."""
    mean = counts.mean(axis=0)
    freedom = len(counts) / (len(counts) - 1)
    excess = freedom * ((counts - mean) ** 2).sum() - counts.sum()
    squared = max(float(excess / (mean**2).sum() / len(counts)), 0.001)
    residuals = ((counts - mean) / np.maximum(mean, 1.0)).ravel()
    covariance = float((residuals[1:] * residuals[:-1]).mean())
    return float(np.sqrt(np.log1p(squared))), float(np.clip(covariance / squared, 0.0, 0.95))


def news() -> World:
    """Headlines of listed companies, by the day: weekdays and days' variation are the set's, the hours are made up."""
    found = [row for row in rows("finance_news_zh_dated") if row["timestamp"][:7] >= "2017-11"]
    per_day = Counter(date.fromisoformat(row["timestamp"]) for row in found)
    days = [min(per_day) + timedelta(days=n) for n in range((max(per_day) - min(per_day)).days + 1)]
    weekday = np.array([np.mean([per_day[day] for day in days if day.weekday() == n] or [0]) for n in range(7)])
    spread, memory = _day_variation([day for day in days if per_day[day]], per_day)
    hours = np.array(_NEWS_DAY) / sum(_NEWS_DAY)
    profile = _levelled((np.maximum(weekday, 0.05 * weekday.max())[:, None] * hours[None, :]).ravel())
    share = sum(row["label"] == "negative" for row in found) / len(found)
    return World("finance_news_zh_dated", profile, np.full(_WEEK, share), 1.0, spread, memory)


def _day_variation(days: Sequence[date], per_day: Counter[date]) -> tuple[float, float]:
    """Of days around the mean of the twenty around them, since the set was collected more or less densely."""
    counts = np.array([float(per_day[day]) for day in days])
    smooth = np.convolve(counts, np.ones(21) / 21, mode="same")[10:-10]
    middle = counts[10:-10]
    squared = max(float((((middle - smooth) ** 2) - middle).sum() / (smooth**2).sum()), 0.001)
    return float(np.sqrt(np.log1p(squared))), 0.95


def simulate(world: World, rng: np.random.Generator, hours: int, per_hour: float) -> Series:
    """A stream by the minute from a Monday on; ``per_hour`` is its mean over the week."""
    factor = _factors(world, rng, hours)
    minutes = np.arange(hours * 60)
    smooth = np.interp(np.arange(hours * 60) / 60, np.arange(hours) + 0.5, factor)
    rate = per_hour / 60 * world.rate(minutes + 0.5) * smooth
    share = np.clip(
        world.share[(minutes // 60) % _WEEK] * np.repeat(np.exp(rng.normal(0, 0.05, hours)), 60), 0.01, 0.97
    )
    negative = rng.poisson(rate * share).astype(float)
    others = rng.poisson(rate * (1 - share))
    return _series(world, rng, MONDAY, negative, others)


def _factors(world: World, rng: np.random.Generator, hours: int) -> Floats:
    noise = rng.normal(0, world.spread * np.sqrt(1 - world.memory**2), hours)
    logs = np.empty(hours)
    logs[0] = rng.normal(0, world.spread)
    for hour in range(1, hours):
        logs[hour] = world.memory * logs[hour - 1] + noise[hour]
    return np.exp(logs - world.spread**2 / 2)


def _series(world: World, rng: np.random.Generator, start: int, negative: Floats, others: Any) -> Series:
    positive = rng.binomial(others, world.positive).astype(float)
    return Series(start, MINUTE, negative + others, negative, positive, positive - negative)


def with_surge(
    world: World,
    rng: np.random.Generator,
    stream: Series,
    at: int,
    minutes: int,
    factor: float,
    *,
    negative_only: bool,
    per_hour: float,
) -> Series:
    """The stream with ``factor`` times the usual texts (or the usual negatives) from position ``at`` on."""
    position = (stream.start - MONDAY) // MINUTE + np.arange(at, at + minutes)
    rate = per_hour / 60 * world.rate(position + 0.5) * (factor - 1)
    share = world.share[(position // 60) % _WEEK]
    negative, others = np.zeros(len(stream)), np.zeros(len(stream), dtype=np.int64)
    negative[at : at + minutes] = rng.poisson(rate * share)
    if not negative_only:
        others[at : at + minutes] = rng.poisson(rate * (1 - share))
    more = _series(world, rng, stream.start, negative, others)
    return Series(
        stream.start,
        MINUTE,
        stream.texts + more.texts,
        stream.negative + more.negative,
        stream.positive + more.positive,
        stream.score + more.score,
    )
