"""``/jobs/ID``: one job, its curves as they grow, and what came of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from nicegui import ui

from services.console import charts
from services.console.api import Json, segment
from services.console.frame import admitted, attempt, live, page, page_at
from services.console.pages.jobs import STATUS_COLOURS, time_left
from services.console.pages.trying import TRIED
from services.console.visit import Visit
from services.console.visitors import Visitors

_EVENTS = 100
_ENDED = ("succeeded", "failed", "cancelled")


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/jobs/{job_id}")
    async def job(job_id: str) -> None:
        visit = visitors.present()
        address = f"/v1/fine_tuning/jobs/{segment(job_id)}"
        with page(visit, "Job", "/jobs"):
            if not admitted(visit, "train"):
                return

            async def load() -> Json:
                job, events = await asyncio.gather(
                    visit.api.get(address), visit.api.get(f"{address}/events", limit=_EVENTS)
                )
                return {"job": job, "events": events["data"]}

            await live(load, lambda data: _draw(visit, data["job"], data["events"], address), seconds=1.5)


def _draw(visit: Visit, job: Json, events: list[Json], address: str) -> None:
    with ui.row().classes("full-width items-center"):
        ui.label(job["id"]).classes("text-subtitle1")
        ui.badge(visit.say(job["status"]), color=STATUS_COLOURS.get(job["status"], "primary"))
        ui.label(f"{job['parley']['task']} · {job['model']} · {job['parley']['tuning']['type']}")
        if job["status"] == "running":
            ui.label(time_left(visit, job))
        if job["status"] not in _ENDED:
            ui.button(
                visit.say("Cancel"), on_click=lambda: attempt(visit, visit.api.post(f"{address}/cancel"), "It stops")
            ).props("outline color=negative")
    if job["error"]:
        ui.label(job["error"]["message"]).classes("text-negative").props("role=alert")
    if job["fine_tuned_model"]:
        with ui.row():
            ui.link(job["fine_tuned_model"], f"/models?id={segment(job['fine_tuned_model'])}")
            if job["parley"]["task"] in TRIED:
                ui.link(visit.say("Try it"), f"/try?model={segment(job['fine_tuned_model'])}")
    if job["result_files"]:
        ui.button(visit.say("Report"), on_click=lambda: _report(visit, job["result_files"])).props("outline")
    for title, curves in _curves(events).items():
        charts.lines(visit, title, curves)
    ui.label(visit.say("What happened")).classes("text-h6").props('role=heading aria-level="2"')
    for event in events:
        colour = {"warn": "text-orange-9", "error": "text-negative"}.get(event["level"], "")
        ui.label(f"{visit.time(event['created_at'])}  {event['message']}").classes(colour)


def _curves(events: list[Json]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Loss and scores by step, oldest first, from the figures of the events."""
    curves: dict[str, dict[str, list[tuple[int, float]]]] = {"Loss": defaultdict(list), "Scores": defaultdict(list)}
    for event in reversed(events):
        data: dict[str, Any] = event["data"] if event["type"] == "metrics" else {}
        step = data.get("step")
        if not isinstance(step, int):
            continue
        for name, value in data.items():
            if isinstance(value, float) and name.endswith("loss"):
                curves["Loss"][name].append((step, value))
            elif isinstance(value, float) and name.startswith("valid_"):
                curves["Scores"][name.removeprefix("valid_")].append((step, value))
    return {title: named for title, named in curves.items() if named}


async def _report(visit: Visit, files: list[str]) -> None:
    """Hand over the report, a page that stands alone; as a file, so that nothing of it runs here."""
    for file_id in files:
        described = await attempt(visit, visit.api.get(f"/v1/files/{segment(file_id)}"))
        if described is not None and described["filename"].endswith("report.html"):
            content = await attempt(visit, visit.api.content(file_id))
            if content is not None:
                ui.download.content(content, "report.html", "text/html")
            return
    ui.notify(visit.say("This job left no report."), type="warning")
