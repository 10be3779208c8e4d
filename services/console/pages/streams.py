"""``/streams``: streams of documents, what moves in each, and its alerts with their evidence."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from nicegui import ui

from services.console import charts
from services.console.api import Json, segment
from services.console.frame import admitted, attempt, live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

_SEVERITIES = {"critical": "negative", "warning": "warning"}
_SNOOZE = 60


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/streams")
    async def streams(stream: str = "") -> None:
        visit = visitors.present()
        with page(visit, "Streams", "/streams"):
            if not admitted(visit, "train"):
                return
            if stream:
                ui.link(visit.say("All streams"), "/streams")
                await live(lambda: _load(visit, stream), lambda data: _stream(visit, data), seconds=4)
            else:
                await live(lambda: visit.api.get("/v1/streams", limit=100), lambda data: _all(visit, data), seconds=5)


def _all(visit: Visit, data: Json) -> None:
    if not data["data"]:
        nothing(visit, "No streams yet.")
    for stream in data["data"]:
        with ui.row().classes("full-width items-center"):
            ui.link(stream["id"], f"/streams?stream={quote(stream['id'], safe='')}")
            ui.label(f"{stream['documents']} {visit.say('Texts')} · {visit.time(stream['newest'])}")
            _troubles(visit, stream)


def _troubles(visit: Visit, stream: Json) -> None:
    for problem in stream["problems"]:
        ui.label(problem).classes("text-warning")
    for source in stream["sources"]:
        ui.badge(
            f"{source['name']}: {visit.say(source['state'])}",
            color="negative" if source["state"] == "failing" else "primary",
        )
        if source["problem"]:
            ui.label(source["problem"]).classes("text-negative")


async def _load(visit: Visit, stream: str) -> Json:
    address = f"/v1/streams/{segment(stream)}"
    told = await asyncio.gather(
        visit.api.get(address),
        visit.api.get(f"{address}/trends"),
        visit.api.get(f"{address}/movers", limit=8),
        visit.api.get("/v1/alerts", stream=stream, limit=20),
    )
    return dict(zip(("stream", "trends", "movers", "alerts"), told, strict=True))


def _stream(visit: Visit, data: Json) -> None:
    ui.label(f"{data['stream']['id']} · {data['stream']['documents']} {visit.say('Texts')}")
    _troubles(visit, data["stream"])
    if data["trends"]["data"]:
        charts.sentiment(visit, data["trends"]["data"])
    else:
        nothing(visit, "Nothing was said in this time.")
    for mover in data["movers"]["data"]:
        change = "" if mover["change"] is None else f" ({mover['change']:+.2f})"
        ui.label(
            f"{mover['name']}: {mover['texts']} {visit.say('Texts')}, {mover['mean']:+.2f}{change}, {mover['share']:.0%}"
        )
    ui.label(visit.say("Alerts")).classes("text-h6").props('role=heading aria-level="2"')
    if not data["alerts"]["data"]:
        nothing(visit, "No alerts.")
    for one in data["alerts"]["data"]:
        alert(visit, one)


def alert(visit: Visit, one: Json) -> None:
    """An alert with its evidence, and what a person can do about it."""
    about = " / ".join(filter(None, (one["entity"], one["topic"]))) or "–"
    with ui.expansion(f"{visit.say(one['state'])} · {one['rule']} · {about} · {visit.time(one['opened_at'])}").classes(
        "full-width"
    ):
        details = one["details"]
        ui.badge(one["severity"], color=_SEVERITIES.get(one["severity"], "primary"))
        if details.get("observed") is not None and details.get("expected") is not None:
            ui.label(
                f"{visit.say('observed')} {details['observed']:.2f} · {visit.say('expected')} {details['expected']:.2f}"
            )
        for term in details.get("terms") or []:
            ui.chip(str(term.get("term", "") if isinstance(term, dict) else term)).props("dense outline")
        for document in (details.get("documents") or [])[:5]:
            ui.label(str(document.get("text", document.get("id", ""))) if isinstance(document, dict) else str(document))
        if not details:
            ui.label(", ".join(one["evidence"][:10])).classes("text-caption")
        if one["state"] == "firing":
            _answer(visit, f"/v1/alerts/{segment(one['id'])}")


def _answer(visit: Visit, address: str) -> None:
    with ui.row():
        ui.button(
            visit.say("I look after it"),
            on_click=lambda: attempt(visit, visit.api.post(f"{address}/acknowledge"), "Kept"),
        )
        ui.button(
            visit.say("Quiet for an hour"),
            on_click=lambda: attempt(visit, visit.api.post(f"{address}/snooze", {"minutes": _SNOOZE}), "Kept"),
        ).props("outline")
