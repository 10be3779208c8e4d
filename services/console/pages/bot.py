"""``/bot``: the bot file, checked by line, tried, and put into service."""

from __future__ import annotations

from nicegui import ui

from services.console.api import ApiError, Json
from services.console.frame import admitted, attempt, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/bot")
    async def bot() -> None:
        visit = visitors.present()
        with page(visit, "Bot", "/bot"):
            if not admitted(visit, "train"):
                return
            active = await attempt(visit, visit.api.get("/v1/bots/active"))
            version = ui.label(f"{visit.say('Version')} {active['version'] if active else '–'}")
            editor = (
                ui.codemirror(active["source"] if active else "", language="YAML")
                .classes("full-width")
                .style("height: 55vh")
                .props(f'aria-label="{visit.say("Bot file")}"')
            )
            faults = ui.column().classes("full-width")

            async def check() -> None:
                await _check(visit, editor.value, faults)

            async def apply() -> None:
                if not await _check(visit, editor.value, faults):
                    return
                applied = await attempt(visit, visit.api.post("/v1/bots", {"source": editor.value}), "In service")
                if applied is not None:
                    version.set_text(f"{visit.say('Version')} {applied['version']}")

            with ui.row():
                ui.button(visit.say("Check"), on_click=check).props("outline")
                if visit.session.may("admin"):
                    ui.button(visit.say("Put into service"), on_click=apply)
            _dialogues(visit, editor)


async def _check(visit: Visit, source: str, faults: ui.column) -> bool:
    """Whether the file has no fault; those it has are shown by line."""
    faults.clear()
    try:
        verdict = await visit.api.post("/v1/bots/validate", {"source": source})
    except ApiError as error:
        with faults:
            ui.label(str(error)).classes("text-negative").props("role=alert")
            for fault in error.faults:
                ui.label(
                    f"{visit.say('Line')} {fault.get('line') or '–'} · {fault.get('field') or ''}: {fault['message']}"
                )
        return False
    with faults:
        ui.label(
            f"{verdict['name']}: {verdict['flows']} {visit.say('flows')}, {verdict['answers']} {visit.say('answers')}, "
            f"{verdict['knowledge']} {visit.say('knowledge pairs')}"
        ).classes("text-positive")
    return True


def _dialogues(visit: Visit, editor: ui.codemirror) -> None:
    """Hold dialogues with the file as it stands in the editor."""
    with ui.expansion(visit.say("Try it on dialogues")).classes("full-width"):
        dialogues = ui.codemirror("", language="YAML").classes("full-width").style("height: 25vh")
        dialogues.props(f'aria-label="{visit.say("Dialogues")}"')
        results = ui.column().classes("full-width")

        async def hold() -> None:
            body = {"dialogues": dialogues.value, "bot": editor.value}
            report = await attempt(visit, visit.api.post("/v1/bots/test", body))
            results.clear()
            if report is not None:
                with results:
                    _report(visit, report)

        ui.button(visit.say("Hold them"), on_click=hold).props("outline")


def _report(visit: Visit, report: Json) -> None:
    ui.label(f"{report['turns_right']} / {report['turns']} {visit.say('turns right')}")
    for wrong in report["wrong"]:
        ui.label(f"{wrong['dialogue']} ({wrong['turn']}): {wrong['user']}").classes("text-subtitle2")
        for miss in wrong["misses"]:
            ui.label(miss)
