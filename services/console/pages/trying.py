"""``/try``: talk to what serves, and read a text with several models side by side."""

from __future__ import annotations

import asyncio

from nicegui import ui

from services.console.api import Json
from services.console.frame import attempt, page, page_at
from services.console.reading import decision, understanding
from services.console.visit import Visit
from services.console.visitors import Visitors

#: Models that a text is read by at once.
_SIDE_BY_SIDE = 3
#: Tasks whose models answer a chat.
_WRITERS = ("text_generation", "causal_lm")
#: Tasks whose models can be tried here.
TRIED = (*_WRITERS, "nlu")


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/try")
    async def trying(model: str | None = None) -> None:
        visit = visitors.present()
        with page(visit, "Try", "/try"):
            models = await attempt(visit, visit.api.get("/v1/models")) or {"data": []}
            with ui.row().classes("full-width"):
                with ui.column().classes("col-grow").style("min-width: 20rem; flex: 1"):
                    _chat(visit, models["data"], model)
                with ui.column().classes("col-grow").style("min-width: 20rem; flex: 1"):
                    _compare(visit, models["data"], model)


def _chat(visit: Visit, models: list[Json], asked: str | None) -> None:
    ui.label(visit.say("Talk to it")).classes("text-h6").props('role=heading aria-level="2"')
    writers = [model["id"] for model in models if model["task"] in _WRITERS]
    first = asked if asked in writers else "parley"
    model = ui.select(["parley", *writers], value=first, label=visit.say("Model")).classes("full-width")
    said: list[Json] = []
    thread = ui.column().classes("full-width")

    async def send() -> None:
        text = words.value.strip()
        if not text:
            return
        words.set_value("")
        said.append({"role": "user", "content": text})
        with thread:
            ui.chat_message(text, name=visit.say("Customer")).classes("full-width")
        answer = await attempt(
            visit, visit.api.post("/v1/chat/completions", {"model": model.value, "messages": list(said)})
        )
        if answer is None:
            said.pop()
            return
        content = answer["choices"][0]["message"]["content"]
        said.append({"role": "assistant", "content": content})
        with thread:
            ui.chat_message(content, name=visit.say("Bot"), sent=True).classes("full-width")
            if answer.get("parley"):
                with ui.expansion(visit.say("Why")).classes("full-width").props("dense"):
                    decision(visit, answer["parley"])

    def restart() -> None:
        said.clear()
        thread.clear()

    model.on_value_change(restart)
    label = visit.say("Your message")
    words = ui.input(label).classes("full-width").props(f'outlined aria-label="{label}"').on("keydown.enter", send)
    with ui.row():
        ui.button(visit.say("Send"), on_click=send)
        ui.button(visit.say("Start over"), on_click=restart).props("outline")


def _compare(visit: Visit, models: list[Json], asked: str | None) -> None:
    ui.label(visit.say("Read a text")).classes("text-h6").props('role=heading aria-level="2"')
    readers = [model["id"] for model in models if model["task"] == "nlu"]
    chosen = ui.select(
        readers, value=[name for name in readers if name in ("parley", asked)], multiple=True, label=visit.say("Models")
    ).classes("full-width")
    results = ui.row().classes("full-width items-start")

    async def read() -> None:
        names = chosen.value[:_SIDE_BY_SIDE] or ["parley"]
        if not text.value.strip():
            return
        asked = (visit.api.post("/v1/analyze", {"input": [text.value], "model": name}) for name in names)
        answers = await attempt(visit, asyncio.gather(*asked))
        if answers is None:
            return
        results.clear()
        with results:
            for name, answer in zip(names, answers, strict=True):
                with ui.card().style("flex: 1; min-width: 18rem"):
                    ui.label(name).classes("text-subtitle2")
                    understanding(visit, answer["data"][0])

    label = visit.say("A text")
    text = ui.textarea(label).classes("full-width").props(f'outlined autogrow aria-label="{label}"')
    ui.button(visit.say("Read"), on_click=read)
