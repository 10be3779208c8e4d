"""``/status``: whether the parts of the platform work."""

from __future__ import annotations

from nicegui import ui

from services.console.api import Json
from services.console.frame import live, page
from services.console.visit import Visit
from services.console.visitors import Visitors


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @ui.page("/status")
    async def status() -> None:
        visit = visitors.present()

        async def load() -> Json:
            ready, parts = await visit.api.status()
            return {"ready": ready, "parts": parts}

        with page(visit, "Status", "/status"):
            await live(load, lambda data: _draw(visit, data), seconds=3)


def _draw(visit: Visit, data: Json) -> None:
    ui.label(visit.say(readiness(data["ready"]))).classes("text-h6")
    for name, value in (data["parts"].get("problems") or {}).items():
        with ui.row().classes("items-center"):
            ui.label(name).style("min-width: 12rem")
            ui.label(str(value)).classes("text-negative")


def readiness(ready: bool | None) -> str:
    """In a word."""
    return {True: "Ready", False: "Not ready", None: "Looking"}[ready]
