"""What customers asked for that two people have to agree to, in the page of labelling."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from services.console.api import Json, segment
from services.console.frame import attempt, live, nothing
from services.console.visit import Visit

_ADDRESS = "/v1/guards/reviews"
_SHOWN = 20


async def requests(visit: Visit) -> None:
    """Each request with its values and what was said of it so far, and the buttons to say the same or otherwise."""

    async def load() -> Json:
        return await visit.api.get(_ADDRESS, guard="four_eyes", status="open", limit=_SHOWN)

    async def decide(review: Json, verdict: str, comment: str) -> None:
        body = {"verdict": verdict, "author": visit.session.name} | ({"comment": comment} if comment else {})
        await attempt(visit, visit.api.post(f"{_ADDRESS}/{segment(review['id'])}", body))
        await look()

    look = await live(load, lambda data: _draw(visit, data["data"], decide), seconds=10)


def _draw(visit: Visit, reviews: list[Json], decide: Callable[[Json, str, str], Awaitable[None]]) -> None:
    if not reviews:
        nothing(visit, "No request waits for a second person.")
    for review in reviews:
        with ui.card().classes("full-width"):
            ui.link(review["rule"], f"/inbox/{segment(review['conversation_id'])}").classes("text-h6")
            for name, value in review["values"].items():
                ui.label(f"{name}: {value}")
            ui.label(f"{visit.say('Said once it is approved')}: {review['withheld']}").classes("text-caption")
            for vote in review["votes"]:
                ui.label(": ".join(filter(None, (vote["author"], visit.say(vote["verdict"]), vote["comment"]))))
            _buttons(visit, review, decide)


def _buttons(visit: Visit, review: Json, decide: Callable[[Json, str, str], Awaitable[None]]) -> None:
    comment = ui.input(visit.say("Why")).props(f'aria-label="{visit.say("Why")}"')
    with ui.row():
        for verdict, title in (("approved", "Approve"), ("rejected", "Reject")):
            ui.button(
                visit.say(title), on_click=lambda verdict=verdict: decide(review, verdict, comment.value.strip())
            ).props("outline no-caps")
