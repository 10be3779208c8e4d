"""``/data``: training files, and what is wrong with their rows."""

from __future__ import annotations

from nicegui import events, ui

from services.console.api import ApiError, Json, segment
from services.console.frame import admitted, attempt, live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

_FAULTS = 20
#: Bytes that the page takes; larger files go by ``parley data import`` or the API, which stream them.
_LARGEST = 64 * 1024 * 1024


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/data")
    async def data() -> None:
        visit = visitors.present()
        with page(visit, "Data", "/data"):
            if not admitted(visit, "train"):
                return
            faults = ui.column().classes("full-width")

            async def upload(event: events.UploadEventArguments) -> None:
                await _upload(visit, event, faults)
                await look()

            ui.upload(
                label=visit.say("Upload rows (.jsonl, .csv)"),
                on_upload=upload,
                auto_upload=True,
                max_file_size=_LARGEST,
            ).classes("full-width").props(f'aria-label="{visit.say("Upload rows (.jsonl, .csv)")}"')
            look = await live(
                lambda: visit.api.get("/v1/files", purpose="fine-tune", limit=100),
                lambda listing: _draw(visit, listing["data"]),
            )


async def _upload(visit: Visit, event: events.UploadEventArguments, faults: ui.column) -> None:
    faults.clear()
    try:
        file = await visit.api.upload(event.file.name, await event.file.read())
    except ApiError as error:
        ui.notify(str(error), type="negative", multi_line=True)
        with faults:
            _rows(visit, error.faults)
        return
    with faults:
        found = file["parley"]
        if file["status"] == "error":
            ui.label(file["status_details"] or "").classes("text-negative")
        _rows(visit, [*found.get("faults", []), *found.get("warnings", [])])
    ui.notify(f"{file['filename']}: {visit.say(file['status'])}")


def _rows(visit: Visit, faults: list[Json]) -> None:
    """Faults and warnings by row."""
    if not faults:
        return
    columns = [
        {"name": "line", "label": visit.say("Row"), "field": "line", "align": "right"},
        {"name": "field", "label": visit.say("Field"), "field": "field", "align": "left"},
        {"name": "message", "label": visit.say("What is wrong"), "field": "message", "align": "left"},
    ]
    ui.table(columns=columns, rows=faults[:_FAULTS], row_key="line").classes("full-width")


def _draw(visit: Visit, files: list[Json]) -> None:
    if not files:
        nothing(visit, "No files yet.")
        return
    for file in files:
        with ui.card().classes("full-width q-pa-sm"), ui.row().classes("full-width items-center"):
            ui.label(file["filename"]).classes("text-subtitle2")
            ui.badge(visit.say(file["status"]), color="negative" if file["status"] == "error" else "primary")
            found = file["parley"]
            rows = f" · {found['rows']:,} {visit.say('rows')}" if "rows" in found else ""
            ui.label(f"{file['bytes'] / 1024:,.0f} kB{rows} · {visit.time(file['created_at'])}")
            ui.space()
            if file["status"] == "processed":
                ui.link(visit.say("Train on it"), f"/jobs?file={file['id']}")
            ui.button(
                icon="delete",
                on_click=lambda file=file: attempt(
                    visit, visit.api.delete(f"/v1/files/{segment(file['id'])}"), "Deleted"
                ),
            ).props(f'flat round aria-label="{visit.say("Delete")}"')
