"""``/keys``: who may do what."""

from __future__ import annotations

from nicegui import ui

from services.console.api import Json, segment
from services.console.frame import admitted, attempt, live, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/keys")
    async def keys() -> None:
        visit = visitors.present()
        with page(visit, "Keys", "/keys"):
            if not admitted(visit, "admin"):
                return
            _form(visit)
            await live(lambda: visit.api.get("/v1/keys"), lambda data: _draw(visit, data["data"]), seconds=5)


def _form(visit: Visit) -> None:
    with ui.row().classes("items-end"):
        name = ui.input(visit.say("Name"))
        role = ui.select(["chat", "train", "admin"], value="chat", label=visit.say("Role"))

        async def create() -> None:
            made = await attempt(visit, visit.api.post("/v1/keys", {"name": name.value.strip(), "role": role.value}))
            if made is not None:
                _show_once(visit, made["key"])

        ui.button(visit.say("Make a key"), on_click=create)


def _show_once(visit: Visit, secret: str) -> None:
    with ui.dialog(value=True) as dialog, ui.card():
        ui.label(visit.say("The key is shown this once; keep it now."))
        ui.label(secret).classes("text-mono").style("word-break: break-all")
        ui.button(visit.say("Close"), on_click=dialog.close)
    dialog.on("hide", dialog.clear)


def _draw(visit: Visit, keys: list[Json]) -> None:
    for key in keys:
        with ui.row().classes("full-width items-center"):
            ui.label(key["name"]).classes("text-subtitle2")
            ui.badge(key["role"])
            ui.label(f"…{key['hint']} · {visit.time(key['created_at'])}")
            if key["revoked_at"]:
                ui.badge(visit.say("revoked"), color="grey-8")
            else:
                ui.button(
                    visit.say("Revoke"),
                    on_click=lambda key=key: attempt(
                        visit, visit.api.delete(f"/v1/keys/{segment(key['id'])}"), "Revoked"
                    ),
                ).props("flat color=negative")
