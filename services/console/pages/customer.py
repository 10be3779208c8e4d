"""``/customers/ID``: what is known of one customer, and everything that can be done about it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from nicegui import ui

from services.console.api import ApiError, Json, segment
from services.console.frame import attempt, live, page, page_at
from services.console.pages.inbox import conversation_line
from services.console.visit import Visit
from services.console.visitors import Visitors

_FIELDS = (("name", "Name"), ("language", "Language"), ("segment", "Segment"))


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/customers/{customer_id}")
    async def customer(customer_id: str) -> None:
        visit = visitors.present()
        with page(visit, "Customer", "/customers"):
            await _customer(visit, f"/v1/customers/{segment(customer_id)}")


async def _customer(visit: Visit, address: str) -> None:
    async def load() -> Json:
        conversations = visit.api.get(f"{address}/conversations", limit=50)
        return dict(
            zip(("customer", "conversations"), await asyncio.gather(_known(visit, address), conversations), strict=True)
        )

    look = await live(load, lambda data: _draw(visit, data), seconds=5)

    async def act(body: Json) -> None:
        await attempt(visit, visit.api.post(address, body), "Kept")
        await look()

    _edit(visit, act)
    with ui.row():
        ui.button(visit.say("Everything as a file"), on_click=lambda: _export(visit, address)).props("outline")
        ui.button(visit.say("Delete"), on_click=lambda: _delete(visit, address)).props("outline color=negative")


async def _known(visit: Visit, address: str) -> Json | None:
    try:
        return await visit.api.get(address)
    except ApiError as error:
        if error.status != 404:  # conversations may name somebody of whom nothing else is known
            raise
        return None


def _draw(visit: Visit, data: Json) -> None:
    customer = data["customer"]
    if customer is None or not customer["consented_at"]:
        ui.label(visit.say("Nothing is remembered without consent.")).classes("text-grey-7")
    else:
        with ui.row().classes("items-center"):
            ui.badge(f"{visit.say('consents')}: {visit.time(customer['consented_at'])}")
            facts = {name: customer[name] for name, _ in _FIELDS if customer[name]}
            for name, value in (facts | customer["attributes"]).items():
                ui.chip(f"{name}: {value}").props("dense outline")
            for name, value in customer["slots"].items():
                ui.chip(f"{name}: {value}", icon="bookmark").props("dense outline")
    for conversation in data["conversations"]["data"]:
        conversation_line(visit, conversation)


def _edit(visit: Visit, act: Callable[[Json], Awaitable[None]]) -> None:
    with ui.row().classes("items-end"):
        inputs = {field: ui.input(visit.say(title)) for field, title in _FIELDS}

        async def keep() -> None:
            told = {field: one.value.strip() for field, one in inputs.items() if one.value.strip()}
            await act({"consent": True, **told})

        ui.button(visit.say("Consents; keep this"), on_click=keep)
        ui.button(visit.say("No longer consents"), on_click=lambda: act({"consent": False})).props("outline")


async def _export(visit: Visit, address: str) -> None:
    """All pages of the export as one file of the browser."""
    pages: list[Json] = []
    after = None
    while not pages or pages[-1]["has_more"]:
        told = await attempt(visit, visit.api.get(f"{address}/export", after=after))
        if told is None:
            return
        pages.append(told)
        after = told["conversations"][-1]["conversation"]["id"] if told["conversations"] else None
    whole = pages[0] | {"conversations": [one for told in pages for one in told["conversations"]], "has_more": False}
    ui.download.content(json.dumps(whole, ensure_ascii=False, indent=1), "customer.json")


async def _delete(visit: Visit, address: str) -> None:
    with ui.dialog() as dialog, ui.card():
        ui.label(visit.say("Every word of every conversation is deleted. This cannot be undone."))
        with ui.row():
            ui.button(visit.say("Delete"), on_click=lambda: dialog.submit("delete")).props("color=negative")
            ui.button(visit.say("Cancel"), on_click=lambda: dialog.submit("cancel")).props("flat")
    if await dialog == "delete" and await attempt(visit, visit.api.delete(address), "Deleted") is not None:
        ui.navigate.to("/customers")
