"""The page and the picture of what ``tests.load.alerts`` measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

_INTRODUCTION = """# Quality of alerts

Written by `make bench-alerts` ({machine}). Surges of known size and time are put into streams that arrive as two dated sets do, and looked for with the default rules of a stream
(share of negatives, volume, volume of negatives, mean shift, drift), all five together, at the default budget of one false alarm a week. The other methods get the threshold that gives them one false
alarm a week on the very same streams. "Documents an hour" is what is usual when the surge begins; it begins with full force, at any minute. A delay is minutes of event time from the first
minute of the surge to the end of the minute that raised the alert; the median is over all surges, found or not ("> 60").

What is measured on the sets: the rate by hour (airline tweets: 17 to 21 February, without the storm that followed, which is a surge by itself) or by weekday (Chinese finance news), how much
hours (or days) vary beyond chance, and the share of negatives. What is made up: airline tweets cover eight days, so that weeks are drawn from their hours; finance news know only the day, so that the hours of the day,
and the minutes of both, are synthetic; streams are scaled to the rate of each row.

"Told all" is a CUSUM that is told the true usual rate of each minute and the true size of the surge: nobody has that, and no method that has less can be faster at the same number of false alarms (Moustakides 1986) beyond what
the variation of hours takes from it. It shows what the counts themselves allow: of 30 documents an hour, one comes every other minute, and three times that are three documents in two minutes, which chance alone brings many times
a week. 97 % of 3x surges within two minutes is out of reach there for anybody; it takes {reached} documents an hour with these rules. Nor are 80 % of 1.5x surges found within an hour at any of these rates by any of the methods, but one row: whole hours of both sets vary by themselves by as much. At 1,200 documents an hour
the finance stream had more false alarms than were asked for.

![Median delay and recall by rate]({picture})
"""


def page(measured: Mapping[Any, list[Any]], machine: str, name: str) -> str:
    """The page, in Markdown."""
    parts = [_INTRODUCTION.format(machine=machine, picture=name, reached=_reached(measured))]
    for world in dict.fromkeys(case.world for case in measured):
        for negative_only in (False, True):
            what = "negatives alone" if negative_only else "all texts"
            parts.append(f"## {world}: {what}\n")
            parts.append(_table(measured, world, negative_only))
    return "\n".join(parts).rstrip() + "\n"


def _reached(measured: Mapping[Any, list[Any]]) -> str:
    """The lowest rate from which 97 % of 3x surges of all texts are found within two minutes, in both sets."""
    rates = sorted({case.rate for case in measured})
    asked = {
        rate: [f[0].recall(2) for c, f in measured.items() if (c.rate, c.factor, c.negative_only) == (rate, 3.0, False)]
        for rate in rates
    }
    good = [rate for rate in rates if all(min(asked[one]) >= 0.97 for one in rates if one >= rate)]
    return f"about {good[0]:,}" if good else f"more than {rates[-1]:,}"


def _table(measured: Mapping[Any, list[Any]], world: str, negative_only: bool) -> str:
    head = "| surge | documents an hour | method | false alarms a week | within 2 min | within 10 min | within 60 min | median delay, min |\n|---|---|---|---|---|---|---|---|"
    lines = [head]
    for case, figures in sorted(measured.items(), key=lambda one: (-one[0].factor, one[0].rate)):
        if (case.world, case.negative_only) != (world, negative_only):
            continue
        for at, one in enumerate(figures):
            surge = f"{case.factor:g}x | {case.rate:,}" if not at else " | "
            recalls = " | ".join(f"{100 * one.recall(within):.0f} %" for within in (2, 10, 60))
            median = f"{one.median:.0f}" if np.isfinite(one.median) else "> 60"
            name = one.method.replace("CUSUM that is told rate and factor", "told all")
            lines.append(f"| {surge} | {name} | {one.false_alarms:.1f} | {recalls} | {median} |")
    return "\n".join(lines) + "\n"


def picture(measured: Mapping[Any, list[Any]], path: Path) -> None:
    """Recall within an hour, and the median delay of what was found, by rate; surges of all texts."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    worlds = list(dict.fromkeys(case.world for case in measured))
    axes = figure.subplots(2, len(worlds), sharex=True, squeeze=False)
    for column, world in enumerate(worlds):
        for factor, style in ((3.0, "-"), (1.5, "--")):
            cases = sorted(
                (c for c in measured if (c.world, c.factor, c.negative_only) == (world, factor, False)),
                key=lambda c: c.rate,
            )
            for at in range(len(measured[cases[0]])):
                rows = [measured[case][at] for case in cases]
                rates = [case.rate for case in cases]
                axes[0][column].plot(
                    rates,
                    [100 * row.recall(60) for row in rows],
                    style,
                    color=f"C{at}",
                    label=f"{rows[0].method}, {factor:g}x",
                )
                axes[1][column].plot(rates, [min(row.median, 60) for row in rows], style, color=f"C{at}")
        axes[0][column].set(title=world, ylabel="found within an hour, %", xscale="log")
        axes[1][column].set(xlabel="documents an hour", ylabel="median delay, min (60: none)", yscale="log")
    axes[0][0].legend(fontsize=6, loc="lower right")
    figure.savefig(path, dpi=110)
