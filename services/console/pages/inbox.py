"""``/inbox``: conversations, those that wait for a person first."""

from __future__ import annotations

from nicegui import ui

from services.console.api import Json
from services.console.frame import live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

STATUSES = {"handed_over": "With a person", "open": "With the bot", "ended": "Ended", "all": "All"}
_PAGE = 30


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/inbox")
    async def inbox(status: str = "handed_over", after: str | None = None) -> None:
        visit = visitors.present()
        chosen = status if status in STATUSES else "all"
        with page(visit, "Inbox", "/inbox"):
            ui.toggle(
                {name: visit.say(title) for name, title in STATUSES.items()},
                value=chosen,
                on_change=lambda event: ui.navigate.to(f"/inbox?status={event.value}"),
            ).props("no-caps")
            wanted = None if chosen == "all" else chosen
            await live(
                lambda: visit.api.get("/v1/conversations", status=wanted, after=after, limit=_PAGE),
                lambda data: _draw(visit, data, chosen),
            )


def conversation_line(visit: Visit, conversation: Json) -> None:
    """A conversation in a list."""
    standing = conversation.get("standing") or {}
    about = standing.get("flow") or "–"
    with ui.row().classes("full-width items-center"):
        ui.link(conversation["id"], f"/inbox/{conversation['id']}")
        ui.badge(visit.say(STATUSES[conversation["status"]]))
        ui.label(f"{conversation['turns']} {visit.say('turns')} · {about} · {visit.time(conversation['created_at'])}")


def _draw(visit: Visit, data: Json, status: str) -> None:
    if not data["data"]:
        nothing(visit, "No conversations here.")
    for conversation in data["data"]:
        conversation_line(visit, conversation)
    if data.get("has_more"):
        ui.link(visit.say("Older ones"), f"/inbox?status={status}&after={data['data'][-1]['id']}")
