"""``/knowledge``: the stores of documents, what became of each file, what is found; and what colleagues answered."""

from __future__ import annotations

import asyncio

from nicegui import events, ui

from services.console.api import Json, segment
from services.console.frame import admitted, attempt, live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

_LARGEST = 64 * 1024 * 1024


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/knowledge")
    async def knowledge(store: str = "") -> None:
        visit = visitors.present()
        with page(visit, "Knowledge", "/knowledge"):
            if not admitted(visit, "train"):
                return
            if store:
                await _store(visit, f"/v1/vector_stores/{segment(store)}")
            else:
                await _overview(visit)


async def _overview(visit: Visit) -> None:
    async def load() -> Json:
        stores, proposals = await asyncio.gather(
            visit.api.get("/v1/vector_stores", limit=100), visit.api.get("/v1/knowledge_proposals", limit=50)
        )
        return {"stores": stores["data"], "proposals": proposals["data"]}

    with ui.row().classes("items-end"):
        name = ui.input(visit.say("Name"))

        async def create() -> None:
            if name.value.strip():
                await attempt(visit, visit.api.post("/v1/vector_stores", {"name": name.value.strip()}), "Made")

        ui.button(visit.say("Make a store"), on_click=create)
    await live(load, lambda data: _draw(visit, data), seconds=4)


def _draw(visit: Visit, data: Json) -> None:
    if not data["stores"]:
        nothing(visit, "No documents yet.")
    for store in data["stores"]:
        counts = store["file_counts"]
        with ui.row().classes("full-width items-center"):
            ui.link(store["name"] or store["id"], f"/knowledge?store={segment(store['id'])}")
            ui.badge(visit.say(store["status"]))
            ui.label(f"{counts['completed']} / {counts['total']} {visit.say('files')}")
            if counts["failed"]:
                ui.badge(f"{counts['failed']} {visit.say('failed')}", color="negative")
    ui.label(visit.say("What colleagues answered")).classes("text-h6").props('role=heading aria-level="2"')
    if visit.session.may("admin"):
        ui.button(visit.say("Put accepted answers into the bot file"), on_click=lambda: _publish(visit)).props(
            "outline"
        )
    if not data["proposals"]:
        nothing(visit, "No proposals.")
    for one in data["proposals"]:
        _proposal(visit, one)


def _proposal(visit: Visit, one: Json) -> None:
    async def decide(path: str) -> None:
        told = await attempt(visit, visit.api.post(f"/v1/knowledge_proposals/{segment(one['id'])}/{path}"))
        if told is not None and path == "accept":
            _show(visit, told["yaml"])

    with ui.card().classes("full-width"):
        ui.label(one["question"]).classes("text-weight-medium")
        ui.label(one["answer"])
        ui.label(f"{one['author']} · {visit.time(one['created_at'])}").classes("text-caption")
        with ui.row():
            ui.button(visit.say("Accept"), on_click=lambda: decide("accept"))
            ui.button(visit.say("Dismiss"), on_click=lambda: decide("dismiss")).props("outline")
            ui.link(visit.say("Conversation"), f"/inbox/{one['conversation_id']}")


async def _publish(visit: Visit) -> None:
    told = await attempt(visit, visit.api.post("/v1/bots/active/knowledge"))
    if told is not None:
        words = visit.say("answers are in the bot file now; its version is")
        ui.notify(f"{len(told['added'])} {words} {told['version']}.")


def _show(visit: Visit, yaml: str) -> None:
    with ui.dialog(value=True) as dialog, ui.card():
        ui.label(visit.say("Put this under knowledge in the bot file."))
        ui.label(yaml).classes("text-mono").style("white-space: pre-wrap; word-break: break-word")
        with ui.row():
            if visit.session.may("admin"):
                ui.button(visit.say("Put it into the bot file"), on_click=lambda: _publish(visit))
            ui.button(visit.say("Bot"), on_click=lambda: ui.navigate.to("/bot"))
            ui.button(visit.say("Close"), on_click=dialog.close).props("outline")
    dialog.on("hide", dialog.clear)


async def _store(visit: Visit, address: str) -> None:
    async def upload(event: events.UploadEventArguments) -> None:
        file = await attempt(visit, visit.api.upload(event.file.name, await event.file.read(), purpose="assistants"))
        if file is not None:
            await attempt(visit, visit.api.post(f"{address}/files", {"file_id": file["id"]}), "Made")
            await look()

    label = visit.say("Upload documents (.pdf, .docx, .html, .md, .txt)")
    ui.upload(label=label, on_upload=upload, auto_upload=True, multiple=True, max_file_size=_LARGEST).classes(
        "full-width"
    ).props(f'aria-label="{label}"')
    _search(visit, address)
    look = await live(
        lambda: visit.api.get(f"{address}/files", limit=100),
        lambda data: _files(visit, address, data["data"]),
        seconds=3,
    )


def _search(visit: Visit, address: str) -> None:
    with ui.row().classes("full-width items-end"):
        asked = ui.input(visit.say("Ask it")).classes("col-grow").props(f'aria-label="{visit.say("Ask it")}"')
        found = ui.column().classes("full-width")

        async def search() -> None:
            if not asked.value.strip():
                return
            body = {"query": asked.value.strip(), "max_num_results": 5}
            told = await attempt(visit, visit.api.post(f"{address}/search", body))
            found.clear()
            with found:
                for one in (told or {"data": []})["data"]:
                    ui.label(f"{one['score']:.2f} · {one['filename']}").classes("text-caption")
                    ui.label("".join(part["text"] for part in one["content"]))

        asked.on("keydown.enter", search)
        ui.button(visit.say("Look up"), on_click=search)


def _files(visit: Visit, address: str, files: list[Json]) -> None:
    if not files:
        nothing(visit, "No documents yet.")
    for file in files:
        with ui.row().classes("full-width items-center"):
            ui.label(file["filename"])
            ui.badge(visit.say(file["status"]), color="negative" if file["status"] == "failed" else "primary")
            if file["chunks"] is not None:
                ui.label(f"{file['chunks']} {visit.say('passages')}")
            if file["last_error"]:
                ui.label(file["last_error"]["message"]).classes("text-negative")
            ui.button(
                icon="delete",
                on_click=lambda file=file: attempt(
                    visit, visit.api.delete(f"{address}/files/{segment(file['id'])}"), "Deleted"
                ),
            ).props(f'flat round dense size=sm aria-label="{visit.say("Delete")} {segment(file["filename"])}"')
