"""``/``: how things are, at a glance."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from nicegui import ui

from services.console import charts
from services.console.api import Json
from services.console.frame import figure, live, nothing, page, page_at
from services.console.pages.inbox import conversation_line
from services.console.pages.status import readiness
from services.console.visit import Visit
from services.console.visitors import Visitors

_DAY = 86_400


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/")
    async def overview() -> None:
        visit = visitors.present()
        with page(visit, "Overview", "/"):
            await live(lambda: _load(visit), lambda data: _draw(visit, data), seconds=5)


async def _load(visit: Visit) -> Json:
    """What the key may see of it; the rest is left out."""
    api, now = visit.api, time.time()
    asked: dict[str, Any] = {
        "waiting": api.get("/v1/conversations", status="handed_over", limit=10),
        "models": api.get("/v1/models"),
    }
    if visit.session.may("train"):
        since = int(now // 3600 * 3600) - _DAY
        asked |= {
            "jobs": api.get("/v1/fine_tuning/jobs", limit=20),
            "alerts": api.get("/v1/alerts", limit=20),
            "trends": api.get("/v1/sentiment/trends", stream="chat", since=since, step=3600),
        }
    answers = dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
    answers["ready"], answers["health"] = await api.status()
    return answers


def _draw(visit: Visit, data: Json) -> None:
    trends = data.get("trends", {}).get("data", [])
    turns = sum(point["negative"] + point["neutral"] + point["positive"] for point in trends)
    negative = sum(point["negative"] for point in trends)
    running = [job for job in data.get("jobs", {}).get("data", []) if job["status"] in ("running", "queued")]
    firing = [alert for alert in data.get("alerts", {}).get("data", []) if alert["state"] == "firing"]
    serving = [
        model["id"] for model in data["models"]["data"] if model.get("production") and model["id"].startswith("ft:")
    ]
    with ui.row().classes("full-width"):
        figure(visit, "Platform", visit.say(readiness(data["ready"])), ", ".join(serving[:2]))
        figure(visit, "Waiting for a person", _many(data["waiting"]))
        if visit.session.may("train"):
            figure(
                visit,
                "Turns in 24 hours",
                f"{turns:,}",
                f"{negative / turns:.0%} " + visit.say("negative") if turns else "",
            )
            figure(visit, "Alerts firing", str(len(firing)))
            figure(visit, "Jobs under way", str(len(running)))
    if trends:
        charts.sentiment(visit, trends)
    _people(visit, data["waiting"]["data"])
    for alert in firing:
        with ui.row().classes("items-center"):
            ui.icon("warning", color="negative").props("aria-hidden=true")
            ui.link(f"{alert['stream']}: {visit.say('Negative')} {alert['share']:.0%} / {alert['volume']}", "/opinion")
    for job in running:
        ui.link(f"{job['id']} · {visit.say(job['status'])} · {job['model']}", f"/jobs/{job['id']}")


def _people(visit: Visit, waiting: list[Json]) -> None:
    ui.label(visit.say("What needs a person")).classes("text-h6").props('role=heading aria-level="2"')
    if not waiting:
        nothing(visit, "Nobody waits for a person.")
    for conversation in waiting:
        conversation_line(visit, conversation)


def _many(listing: Json) -> str:
    return f"{len(listing['data'])}+" if listing.get("has_more") else str(len(listing["data"]))
