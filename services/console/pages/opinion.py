"""``/opinion``: what people feel, and where it turns."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from nicegui import ui

from services.console import charts
from services.console.api import Json
from services.console.frame import admitted, live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

SPANS = {3600: "Last hour", 86_400: "Last day", 604_800: "Last week"}
_STEPS = {3600: 60, 86_400: 3600, 604_800: 21_600}
_WORST = 8


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/opinion")
    async def opinion(stream: str = "chat", span: int = 86_400) -> None:
        visit = visitors.present()
        seconds = span if span in SPANS else 86_400
        with page(visit, "Opinion", "/opinion"):
            if not admitted(visit, "train"):
                return
            with ui.row().classes("items-center"):
                ui.input(visit.say("Stream"), value=stream).on(
                    "keydown.enter",
                    lambda event: ui.navigate.to(f"/opinion?stream={event.sender.value}&span={seconds}"),
                )
                ui.toggle(
                    {value: visit.say(title) for value, title in SPANS.items()},
                    value=seconds,
                    on_change=lambda event: ui.navigate.to(f"/opinion?stream={stream}&span={event.value}"),
                ).props("no-caps")
            await live(lambda: _load(visit, stream, seconds), lambda data: _draw(visit, data), seconds=3)


async def _load(visit: Visit, stream: str, seconds: int) -> Json:
    step = _STEPS[seconds]
    since = int(time.time() // step * step) - seconds
    trends, alerts = await asyncio.gather(
        visit.api.get("/v1/sentiment/trends", stream=stream, since=since, step=step),
        visit.api.get("/v1/alerts", stream=stream, limit=20),
    )
    return {"trends": trends["data"], "alerts": alerts["data"]}


def _draw(visit: Visit, data: Json) -> None:
    if data["trends"]:
        charts.sentiment(visit, data["trends"])
        _intents(visit, data["trends"])
    else:
        nothing(visit, "Nothing was said in this time.")
    ui.label(visit.say("Alerts")).classes("text-h6").props('role=heading aria-level="2"')
    if not data["alerts"]:
        nothing(visit, "No alerts.")
    for alert in data["alerts"]:
        with ui.expansion(
            f"{visit.say(alert['state'])} · {alert['rule']} · {visit.say('Negative')} {alert['share']:.0%} / {alert['volume']} · "
            f"{visit.time(alert['opened_at'])}"
        ).classes("full-width"):
            ui.label(visit.say("Evidence"))
            for text_id in alert["evidence"]:
                ui.label(text_id)


def _intents(visit: Visit, trends: list[Json]) -> None:
    """Which topics people complain about most."""
    negative: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for point in trends:
        negative[point["intent"]] += point["negative"]
        total[point["intent"]] += point["negative"] + point["neutral"] + point["positive"]
    columns = [
        {"name": "intent", "label": visit.say("Intent"), "field": "intent", "align": "left"},
        {"name": "texts", "label": visit.say("Texts"), "field": "texts", "align": "right"},
        {"name": "negative", "label": visit.say("Negative"), "field": "negative", "align": "right"},
        {"name": "share", "label": visit.say("Share"), "field": "share", "align": "right"},
    ]
    rows = [
        {"intent": intent or "–", "texts": total[intent], "negative": count, "share": f"{count / total[intent]:.0%}"}
        for intent, count in negative.most_common(_WORST)
        if total[intent]
    ]
    ui.table(columns=columns, rows=rows, row_key="intent").classes("full-width")
