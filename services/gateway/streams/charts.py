"""Trends as files: tables for spreadsheets, pictures for mails and chats."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from services.gateway.streams.schemas import TrendPoint

PictureFormat = Literal["svg", "png"]

#: Names of one picture, those with most texts.
_MAX_LINES = 8
#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Tried in this order; what none of them can write is a box in a PNG, while an SVG leaves its letters to the viewer.
_FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Serif CJK JP",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "Arial Unicode MS",
)
_COLOURS = {"negative": "#c0392b", "neutral": "#b0b7bf", "positive": "#27865c"}
_MEASURES = ("texts", "negative", "neutral", "positive", "mean", "reach")


def as_csv(points: Iterable[TrendPoint], group: Sequence[str]) -> str:
    """A row for each point, with its start in Unix seconds; a name that a spreadsheet would take for a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("start", *group, *_MEASURES))
    for point in points:
        names = (_harmless(getattr(point, name) or "") for name in group)
        writer.writerow((point.start, *names, *(getattr(point, name) for name in _MEASURES)))
    return out.getvalue()


def as_picture(
    points: Sequence[TrendPoint], group: Sequence[str], title: str, zone: ZoneInfo, kind: PictureFormat
) -> bytes:
    """Volume above, mean sentiment below; by group a line each for the names with most texts."""
    from matplotlib import rc_context  # half a second that other requests should not wait for

    with (
        warnings.catch_warnings(),
        rc_context({"svg.fonttype": "none", "font.family": _fonts(), "svg.hashsalt": "parley"}),
    ):
        warnings.simplefilter("ignore")  # letters that no font here has
        return _drawn(points, group, title, zone, kind)


def _drawn(
    points: Sequence[TrendPoint], group: Sequence[str], title: str, zone: ZoneInfo, kind: PictureFormat
) -> bytes:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    volume, mean = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    for name, mine in _lines(points, group):
        times = [datetime.fromtimestamp(point.start, zone) for point in mine]
        if not group:
            stacked = [[getattr(point, label) for point in mine] for label in _COLOURS]
            volume.stackplot(times, *stacked, labels=list(_COLOURS), colors=list(_COLOURS.values()))
        else:
            volume.plot(times, [point.texts for point in mine], label=name, linewidth=1.2)
        mean.plot(times, [point.mean for point in mine], linewidth=1.2, color=None if group else "#2c3e50")
    volume.set_title(_plain(title), fontsize=10, loc="left")
    volume.set_ylabel("texts")
    mean.set_ylabel("mean sentiment")
    mean.set_ylim(-1.05, 1.05)
    mean.axhline(0, color="#999999", linewidth=0.6)
    locator = AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]
    mean.xaxis.set_major_locator(locator)
    mean.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]
    if points:
        volume.legend(fontsize=8, loc="upper left", frameon=False)
    out = io.BytesIO()
    figure.savefig(out, format=kind, dpi=110, metadata={"Date": None} if kind == "svg" else None)
    return out.getvalue()


def _lines(points: Sequence[TrendPoint], group: Sequence[str]) -> list[tuple[str, list[TrendPoint]]]:
    by_name: dict[str, list[TrendPoint]] = {}
    for point in points:
        name = " · ".join(str(getattr(point, one) or "–") for one in group)
        by_name.setdefault(_plain(name), []).append(point)
    most = sorted(by_name, key=lambda name: (-sum(point.texts for point in by_name[name]), name))
    return [(name, by_name[name]) for name in most[:_MAX_LINES]]


def _plain(text: str) -> str:
    """Without the sign that begins mathematics, and never hidden from the legend."""
    return text.replace("$", r"\$").lstrip("_") or "–"


def _harmless(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name


def _fonts() -> list[str]:
    from matplotlib.font_manager import fontManager

    there = {font.name for font in fontManager.ttflist}
    return [name for name in _FONTS if name in there]
