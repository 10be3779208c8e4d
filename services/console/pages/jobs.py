"""``/jobs``: what is being trained, and a form for the next."""

from __future__ import annotations

import asyncio
import time

from nicegui import ui

from services.console.api import Json
from services.console.frame import admitted, attempt, live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

#: What each choice is for, in the order in which it is offered.
TUNINGS = {
    "full": "Trains every weight: the best scores, the longest time",
    "lora": "Trains small updates on every layer: nearly as good, a fraction of the memory",
    "adapter": "Trains a bottleneck behind each layer: few weights, quick",
    "bitfit": "Trains biases and heads alone",
    "frozen": "Trains the heads alone: a first result in seconds",
}
#: Of badges, by status.
STATUS_COLOURS = {
    "succeeded": "positive",
    "failed": "negative",
    "cancelled": "grey-8",
    "running": "primary",
    "queued": "info",
}


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/jobs")
    async def jobs(file: str | None = None) -> None:
        visit = visitors.present()
        with page(visit, "Jobs", "/jobs"):
            if not admitted(visit, "train"):
                return
            with (
                ui.expansion(visit.say("New job"), value=file is not None)
                .classes("full-width")
                .props("header-class=text-h6")
            ):
                await _form(visit, file)
            await live(lambda: visit.api.get("/v1/fine_tuning/jobs", limit=50), lambda data: _draw(visit, data["data"]))


async def _form(visit: Visit, chosen: str | None) -> None:
    found = await attempt(
        visit,
        asyncio.gather(visit.api.get("/v1/files", purpose="fine-tune", limit=100), visit.api.get("/v1/models")),
    )
    files, models = (answer["data"] for answer in found) if found else ([], [])
    usable = {file["id"]: file["filename"] for file in files if file["status"] == "processed"}
    bases = ["minilm", *(model["id"] for model in models if model["id"].startswith("ft:"))]
    file = ui.select(usable, value=chosen if chosen in usable else None, label=visit.say("Training file")).classes(
        "full-width"
    )
    base = ui.select(bases, value="minilm", label=visit.say("Start from"), new_value_mode="add-unique").classes(
        "full-width"
    )
    tuning = ui.select(
        {name: f"{name}: {visit.say(why)}" for name, why in TUNINGS.items()},
        value="full",
        label=visit.say("What to train"),
    ).classes("full-width")
    suffix = ui.input(visit.say("Name of the model")).classes("full-width")
    automatic = ui.switch(visit.say("Put it into production if it is no worse"), value=True)

    async def create() -> None:
        if file.value is None:
            ui.notify(visit.say("Choose a training file first."), type="warning")
            return
        body: Json = {
            "model": base.value,
            "training_file": file.value,
            "tuning": {"type": tuning.value},
            "promotion": {"mode": "auto" if automatic.value else "manual"},
        }
        if suffix.value.strip():
            body["suffix"] = suffix.value.strip()
        job = await attempt(visit, visit.api.post("/v1/fine_tuning/jobs", body))
        if job is not None:
            ui.navigate.to(f"/jobs/{job['id']}")

    ui.button(visit.say("Train"), on_click=create)


def _draw(visit: Visit, jobs: list[Json]) -> None:
    if not jobs:
        nothing(visit, "No jobs yet.")
    for job in jobs:
        with ui.row().classes("full-width items-center"):
            ui.link(job["id"], f"/jobs/{job['id']}")
            ui.badge(visit.say(job["status"]), color=STATUS_COLOURS.get(job["status"], "primary"))
            ui.label(
                f"{job['parley']['task']} · {job['model']} · {job['parley']['tuning']['type']} · {visit.time(job['created_at'])}"
            )
            if job["status"] == "running":
                ui.label(time_left(visit, job))


def time_left(visit: Visit, job: Json) -> str:
    """When it will be done, as far as the job can tell."""
    finish = job.get("estimated_finish")
    if finish is None:
        return ""
    minutes = max(0, finish - time.time()) / 60
    return f"{visit.say('minutes left')}: {minutes:.0f}" if minutes >= 1 else visit.say("less than a minute left")
