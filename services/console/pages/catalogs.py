"""``/catalogs``: what is recommended: the catalogs, their models, their items."""

from __future__ import annotations

import asyncio

from nicegui import ui

from services.console.api import Json, segment
from services.console.frame import admitted, attempt, live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

_PAGE = 50


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/catalogs")
    async def catalogs(catalog: str = "", after: str | None = None) -> None:
        visit = visitors.present()
        with page(visit, "Catalogs", "/catalogs"):
            if not admitted(visit, "train"):
                return
            if catalog:
                await _catalog(visit, f"/v1/catalogs/{segment(catalog)}", catalog, after)
            else:
                await live(lambda: visit.api.get("/v1/catalogs", limit=100), lambda data: _draw(visit, data), seconds=5)


def _draw(visit: Visit, data: Json) -> None:
    if not data["data"]:
        nothing(visit, "No catalogs yet.")
    for catalog in data["data"]:
        with ui.row().classes("full-width items-center"):
            ui.link(catalog["name"], f"/catalogs?catalog={segment(catalog['id'])}")
            ui.label(f"{catalog['items']} {visit.say('items')} · {catalog['model'] or visit.say('by popularity')}")


async def _catalog(visit: Visit, address: str, name: str, after: str | None) -> None:
    async def load() -> Json:
        catalog, items = await asyncio.gather(
            visit.api.get(address), visit.api.get(f"{address}/items", limit=_PAGE, after=after)
        )
        return {"catalog": catalog, "items": items}

    await live(load, lambda data: _items(visit, address, name, data), seconds=5)
    _try(visit, name)


def _items(visit: Visit, address: str, name: str, data: Json) -> None:
    catalog = data["catalog"]
    ui.label(
        f"{catalog['name']} · {catalog['items']} {visit.say('items')} · {catalog['model'] or visit.say('by popularity')}"
    )
    for item in data["items"]["data"]:
        with ui.row().classes("full-width items-center no-wrap"):
            ui.label(item["title"] or item["text"][:80]).classes("col-grow")
            ui.label(" · ".join(item["categories"]))
            if item["price"] is not None:
                ui.label(f"{item['price']:g}")
            if not item["available"]:
                ui.badge(visit.say("not available"), color="grey-8")
            ui.button(
                icon="delete",
                on_click=lambda item=item: attempt(
                    visit, visit.api.delete(f"{address}/items/{segment(item['item_id'])}"), "Deleted"
                ),
            ).props(f'flat round dense size=sm aria-label="{visit.say("Delete")} {segment(item["item_id"])}"')
    if data["items"]["has_more"]:
        ui.link(visit.say("More"), f"/catalogs?catalog={segment(name)}&after={segment(data['items']['last_id'])}")


def _try(visit: Visit, name: str) -> None:
    label = visit.say("Recommend for a user")
    with ui.row().classes("items-end"):
        user = ui.input(label).props(f'aria-label="{label}"')
        found = ui.column()

        async def recommend() -> None:
            body = {"catalog": name, "limit": 5} | ({"user": user.value.strip()} if user.value.strip() else {})
            told = await attempt(visit, visit.api.post("/v1/recommendations", body))
            found.clear()
            with found:
                for one in (told or {"data": []})["data"]:
                    ui.label(f"{one.get('title') or one['item_id']} · {one['score']:.2f}")

        ui.button(visit.say("Recommend"), on_click=recommend)
