"""Charts, drawn by the browser from figures alone: no text of a customer is in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from nicegui import ui

from services.console.api import Json
from services.console.visit import Visit

#: Told apart by people who see few colours, on light and on dark.
_COLOURS = {"negative": "#d1495b", "neutral": "#8d99ae", "positive": "#2a9d8f"}


def sentiment(visit: Visit, points: Sequence[Json]) -> None:
    """Negative, neutral and positive texts over time, one above the other."""
    counts: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_COLOURS, 0))
    for point in points:
        for label in _COLOURS:
            counts[point["start"]][label] += point[label]
    starts = sorted(counts)
    series = [
        {
            "name": visit.say(label.capitalize()),
            "type": "bar",
            "stack": "all",
            "itemStyle": {"color": colour},
            "data": [counts[start][label] for start in starts],
        }
        for label, colour in _COLOURS.items()
    ]
    _chart(visit, "Sentiment over time", [_clock(start) for start in starts], series)


def lines(visit: Visit, title: str, curves: Mapping[str, Sequence[tuple[int, float]]]) -> None:
    """Curves over steps."""
    series = [
        {
            "name": name,
            "type": "line",
            "showSymbol": len(points) < 30,
            "data": [[step, value] for step, value in points],
        }
        for name, points in curves.items()
    ]
    _chart(visit, title, None, series)


def _chart(visit: Visit, title: str, categories: Sequence[str] | None, series: Sequence[Json]) -> None:
    axis: Json = {"type": "category", "data": list(categories)} if categories is not None else {"type": "value"}
    options = {
        "animation": False,
        "aria": {"enabled": True},
        "title": {"text": visit.say(title), "left": 0, "textStyle": {"fontSize": 14}},
        "tooltip": {"trigger": "axis"},
        "legend": {"right": 0, "top": 0},
        "grid": {"left": 50, "right": 16, "top": 40, "bottom": 30},
        "xAxis": axis,
        "yAxis": {"type": "value", "scale": categories is None},
        "series": list(series),
    }
    ui.echart(options).classes("full-width").style("height: 280px").props(f'role=img aria-label="{visit.say(title)}"')


def _clock(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%m-%d %H:%M")
