"""``/loop``: what people corrected, on its way into the next model."""

from __future__ import annotations

from nicegui import ui

from services.console.api import Json, segment
from services.console.frame import admitted, attempt, figure, live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/loop")
    async def loop() -> None:
        visit = visitors.present()
        with page(visit, "Loop", "/loop"):
            if not admitted(visit, "train"):
                return
            await live(lambda: visit.api.get("/v1/loop"), lambda data: _draw(visit, data), seconds=3)
            await _rule(visit)


def _draw(visit: Visit, data: Json) -> None:
    with ui.row().classes("full-width"):
        figure(visit, "Corrected since the last round", str(data["new_corrections"]), data["next"])
    for one in data["rounds"]:
        _round(visit, one)
    if not data["rounds"]:
        nothing(visit, "No round yet.")


def _round(visit: Visit, one: Json) -> None:
    with ui.card().classes("full-width"):
        with ui.row().classes("items-center"):
            ui.label(one["id"]).classes("text-subtitle2")
            ui.badge(visit.say(one["state"]))
            ui.label(
                f"{visit.time(one['created_at'])} · {one['reason']} · {one['corrections']} {visit.say('corrections')}"
            )
            if one["job"]:
                ui.link(visit.say("Job"), f"/jobs/{segment(one['job'])}")
        if one["outcome"]:
            ui.label(one["outcome"])
        if one["scores"]:
            ui.label(" · ".join(f"{name} {score:.3f}" for name, score in one["scores"].items())).classes("text-caption")
        if one["state"] == "asking":
            path = f"/v1/loop/rounds/{segment(one['id'])}"
            with ui.row():
                ui.button(
                    visit.say("Promote"), on_click=lambda: attempt(visit, visit.api.post(f"{path}/promote"), "Promoted")
                )
                ui.button(
                    visit.say("Keep it out"), on_click=lambda: attempt(visit, visit.api.post(f"{path}/dismiss"), "Kept")
                ).props("outline")


async def _rule(visit: Visit) -> None:
    told = await attempt(visit, visit.api.get("/v1/loop"))
    now: Json = (told or {}).get("rule") or {"enabled": True, "new_labels": 50, "every_hours": None, "promotion": "ask"}
    ui.label(visit.say("When a round begins")).classes("text-h6").props('role=heading aria-level="2"')
    with ui.row().classes("items-end"):
        enabled = ui.switch(visit.say("By itself"), value=now["enabled"])
        labels = ui.number(visit.say("After so many corrections"), value=now["new_labels"], min=1, precision=0)
        hours = ui.number(visit.say("After so many hours"), value=now["every_hours"], min=1)
        ask = ui.switch(visit.say("Ask a person before production"), value=now["promotion"] == "ask")

        async def keep() -> None:
            rule = {
                "enabled": enabled.value,
                "new_labels": int(labels.value) if labels.value else None,
                "every_hours": hours.value or None,
                "promotion": "ask" if ask.value else "auto",
            }
            await attempt(visit, visit.api.put("/v1/loop/rule", now | rule), "Kept")

        ui.button(visit.say("Keep"), on_click=keep)
        ui.button(
            visit.say("Begin a round now"), on_click=lambda: attempt(visit, visit.api.post("/v1/loop/rounds"))
        ).props("outline")
