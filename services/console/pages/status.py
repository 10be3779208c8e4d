"""``/status``: whether the parts of the platform work."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from services.console.api import Json
from services.console.frame import live, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

#: Colours of states.
_COLOURS = {"ok": "positive", "idle": "grey-8", "degraded": "warning"}


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/status")
    async def status() -> None:
        visit = visitors.present()

        async def load() -> Json:
            ready, parts = await visit.api.status()
            return {"ready": ready, "parts": parts}

        async def look() -> Json:
            found = await visit.api.get("/v1/status")
            return {name: found[name] for name in _SHOWN}

        with page(visit, "Status", "/status"):
            await live(load, lambda data: _draw(visit, data), seconds=3)
            await live(look, lambda found: _services(visit, found), seconds=5)


#: What is drawn: what else changes with every look would draw the page anew.
_SHOWN = ("problems", "services", "queues", "deployments", "troubles", "channels", "connectors")


def _draw(visit: Visit, data: Json) -> None:
    ui.label(visit.say(readiness(data["ready"]))).classes("text-h6")
    for name, value in (data["parts"].get("problems") or {}).items():
        with ui.row().classes("items-center"):
            ui.label(name).style("min-width: 12rem")
            ui.label(str(value)).classes("text-negative")


def _services(visit: Visit, found: Json) -> None:
    for problem in found["problems"]:
        ui.label(problem).classes("text-negative")
    for one in found["services"]:
        with ui.row().classes("items-center"):
            ui.label(one["name"]).style("min-width: 12rem")
            ui.badge(one["state"], color=_COLOURS.get(one["state"], "negative"))
            ui.label(f"{one['processes']} · {', '.join(one['versions'])}")
            for problem in one["problems"]:
                ui.label(problem).classes("text-negative")
    busy = [one for one in found["queues"] or [] if one["waiting"] or not one["consumers"]]
    _list(visit.say("Queues"), [f"{one['name']}: {one['waiting']} / {one['consumers']}" for one in busy])
    _list(visit.say("Models"), [f"{one['name']}: {one['model']}" for one in found["deployments"] or []])
    failing = [one for one in (found["connectors"] or []) if one["problem"]]
    silent = [one for one in (found["channels"] or []) if one["problem"]]
    _list(visit.say("Sources"), [f"{one['stream']} / {one['name']}: {one['problem']}" for one in failing])
    _list(visit.say("Channels"), [f"{one['name']}: {one['problem']}" for one in silent])
    told = [
        f"{visit.time(one['since'])} {one['kind']} {one['subject']}: {one['detail']}" for one in found["troubles"] or []
    ]
    _list(visit.say("What went wrong lately"), told)


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        ui.label(title).classes("text-subtitle1")
        for line in lines:
            ui.label(line)


def readiness(ready: bool | None) -> str:
    """In a word."""
    return {True: "Ready", False: "Not ready", None: "Looking"}[ready]
