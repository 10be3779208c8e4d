"""Beside a conversation: replies that could be sent, and notes for the next colleague."""

from __future__ import annotations

from nicegui import ui

from services.console.api import Json, segment
from services.console.frame import attempt, live
from services.console.visit import Visit


def suggested_replies(visit: Visit, address: str, words: ui.input) -> None:
    """A button that asks for replies; one that is chosen stands in the input, to be read again before it is sent."""

    async def suggest() -> None:
        told = await attempt(visit, visit.api.post(f"{address}/suggestions", {"n": 3}))
        if told is None:
            return
        place.clear()
        with place:
            if not told["data"]:
                ui.label(visit.say("Nothing to suggest.")).classes("text-grey-7")
            for one in told["data"]:
                ui.button(one["text"], on_click=lambda text=one["text"]: words.set_value(text)).props(
                    "flat no-caps align=left"
                ).classes("full-width")

    ui.button(visit.say("Suggest replies"), icon="lightbulb", on_click=suggest).props("flat")
    place = ui.column().classes("full-width")


async def notes(visit: Visit, address: str) -> None:
    """What colleagues wrote down; customers never see it."""
    with ui.expansion(visit.say("Notes"), icon="sticky_note_2", value=True).classes("full-width"):
        look = await live(
            lambda: visit.api.get(f"{address}/notes"), lambda data: _draw(visit, address, data["data"]), seconds=5
        )
        label = visit.say("Write a note for colleagues")

        async def write() -> None:
            if text.value.strip():
                body = {"text": text.value.strip(), "author": visit.session.name}
                if await attempt(visit, visit.api.post(f"{address}/notes", body)) is not None:
                    text.set_value("")
                await look()

        with ui.row().classes("full-width items-end"):
            text = ui.input(label).classes("col-grow").props(f'autogrow aria-label="{label}"')
            ui.button(visit.say("Write it down"), on_click=write).props("outline")


def _draw(visit: Visit, address: str, found: list[Json]) -> None:
    for note in found:
        with ui.row().classes("full-width items-center"):
            ui.label(f"{note['author']} · {visit.time(note['created_at'])}").classes("text-caption")
            ui.label(note["text"]).classes("col-grow")
            ui.button(
                icon="delete",
                on_click=lambda note=note: attempt(
                    visit, visit.api.delete(f"{address}/notes/{segment(note['id'])}"), "Deleted"
                ),
            ).props(f'flat round dense size=sm aria-label="{visit.say("Delete")}"')
