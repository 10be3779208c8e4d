"""What a colleague thinks of an answer, and how the words should have been read."""

from __future__ import annotations

from nicegui import ui

from services.console.api import Json
from services.console.frame import attempt
from services.console.visit import Visit


class Corrector:
    """Thumbs, and one dialog for all turns of a page; it stands outside what is drawn anew, so that nobody's typing is lost.

    Args:
        visit: Who looks.
    """

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._turn_id = ""
        with ui.dialog() as self._dialog, ui.card():
            ui.label(visit.say("How should it have been read?"))
            self._intent = ui.input(visit.say("Intent"))
            labels = {label: visit.say(label.capitalize()) for label in ("negative", "neutral", "positive")}
            self._sentiment = ui.select(labels, label=visit.say("Sentiment"), clearable=True).classes("full-width")
            self._comment = ui.input(visit.say("Comment"))
            with ui.row():
                ui.button(visit.say("Send"), on_click=self._send)
                ui.button(visit.say("Close"), on_click=self._dialog.close).props("outline")

    def buttons(self, turn_id: str) -> None:
        """Beside an answer."""
        with ui.row():
            for icon, label, rating in (("thumb_up", "Good answer", "up"), ("thumb_down", "Bad answer", "down")):
                self._button(icon, label).on_click(
                    lambda rating=rating: self._give({"turn_id": turn_id, "rating": rating})
                )
            self._button(icon="edit", label="Correct").on_click(lambda: self._open(turn_id))

    def _button(self, icon: str, label: str) -> ui.button:
        return ui.button(icon=icon).props(f'flat round dense size=sm aria-label="{self._visit.say(label)}"')

    def _open(self, turn_id: str) -> None:
        self._turn_id = turn_id
        self._intent.set_value("")
        self._sentiment.set_value(None)
        self._comment.set_value("")
        self._dialog.open()

    async def _send(self) -> None:
        said = {"intent": self._intent.value.strip(), "sentiment": self._sentiment.value}
        correct = {name: value for name, value in said.items() if value}
        body: Json = {"turn_id": self._turn_id}
        body |= {"correct": correct} if correct else {}
        body |= {"comment": self._comment.value.strip()} if self._comment.value.strip() else {}
        if await self._give(body):
            self._dialog.close()

    async def _give(self, body: Json) -> bool:
        mine: Json = {"source": "reviewer", "author": self._visit.session.name}
        return await attempt(self._visit, self._visit.api.post("/v1/feedback", body | mine), "Thank you") is not None
