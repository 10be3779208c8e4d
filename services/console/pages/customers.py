"""``/customers``: who is known, and since when."""

from __future__ import annotations

from urllib.parse import quote

from nicegui import ui

from services.console.api import Json
from services.console.frame import live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

_PAGE = 30


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/customers")
    async def customers(after: str | None = None) -> None:
        visit = visitors.present()
        with page(visit, "Customers", "/customers"):
            _search(visit)
            await live(
                lambda: visit.api.get("/v1/customers", after=after, limit=_PAGE),
                lambda data: _draw(visit, data),
                seconds=5,
            )


def address_of(customer_id: str) -> str:
    """The page of a customer."""
    return f"/customers/{quote(customer_id, safe='')}"


def _search(visit: Visit) -> None:
    with ui.row().classes("items-end"):
        name = ui.input(visit.say("Customer")).props(f'aria-label="{visit.say("Customer")}"')

        def look() -> None:
            if name.value.strip():
                ui.navigate.to(address_of(name.value.strip()))

        name.on("keydown.enter", look)
        ui.button(visit.say("Look up"), on_click=look)


def _draw(visit: Visit, data: Json) -> None:
    if not data["data"]:
        nothing(visit, "Nobody is known yet.")
    for customer in data["data"]:
        with ui.row().classes("full-width items-center"):
            ui.link(customer["name"] or customer["id"], address_of(customer["id"]))
            ui.badge(visit.say("consents" if customer["consented_at"] else "no consent"))
            about = (
                customer["segment"],
                customer["language"],
                f"{customer['conversations']} {visit.say('conversations')}",
            )
            ui.label(" · ".join(filter(None, (*about, visit.time(customer["seen_at"])))))
    if data["has_more"]:
        ui.link(visit.say("Older ones"), f"/customers?after={quote(data['last_id'], safe='')}")
