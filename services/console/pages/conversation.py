"""``/inbox/ID``: one conversation, why it went as it did, and a colleague's way into it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui

from services.console.api import ApiError, Json, segment
from services.console.assisting import notes, suggested_replies
from services.console.correcting import Corrector
from services.console.explaining import explain_button
from services.console.frame import attempt, live, page, page_at
from services.console.pages.customers import address_of
from services.console.reading import decision
from services.console.visit import Visit
from services.console.visitors import Visitors

#: Turns shown, the last ones.
_TURNS = 100
_SPEAKERS = {"user": "Customer", "assistant": "Bot"}


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/inbox/{conversation_id}")
    async def conversation(conversation_id: str) -> None:
        visit = visitors.present()
        with page(visit, "Conversation", "/inbox"):
            await _conversation(visit, f"/v1/conversations/{segment(conversation_id)}")


async def _conversation(visit: Visit, address: str) -> None:
    async def load() -> Json:
        conversation, messages = await asyncio.gather(
            visit.api.get(address), visit.api.get(f"{address}/messages", limit=_TURNS)
        )
        return {"conversation": conversation, "messages": messages["data"]}

    corrector = Corrector(visit)
    look = await live(load, lambda data: _draw(visit, data, corrector), seconds=5)

    async def act(path: str, body: Json | None = None) -> bool:
        done = await attempt(visit, visit.api.post(f"{address}/{path}", body))
        await look()
        return done is not None

    async def reply() -> None:
        """The field is free for the next words at once; those that could not be said come back."""
        said = words.value.strip()
        if said:
            words.set_value("")
            if not await act("replies", {"content": said}) and not words.value:
                words.set_value(said)

    with ui.row().classes("full-width items-end"):
        label = visit.say("Answer as a person")
        words = (
            ui.input(label)
            .classes("col-grow")
            .props(f'outlined autogrow aria-label="{label}"')
            .on("keydown.enter", reply)
        )
        ui.button(visit.say("Send"), on_click=reply)
    suggested_replies(visit, address, words)
    with ui.row():
        ui.button(visit.say("Take over"), on_click=lambda: act("take_over")).props("outline")
        ui.button(visit.say("Back to the bot"), on_click=lambda: act("release")).props("outline")
        ui.button(visit.say("End"), on_click=lambda: act("end")).props("outline color=negative")
    await notes(visit, address)
    _follow(visit, address, look)


def _follow(visit: Visit, address: str, look: Callable[[], Awaitable[None]]) -> None:
    """Look as soon as something is said, as long as the page is open; the slow look goes on beside it."""

    async def follow() -> None:
        while True:
            try:
                async for _name in visit.api.events(f"{address}/events"):
                    visit.api.forget()
                    await look()
            except ApiError:
                await asyncio.sleep(2)

    task = asyncio.ensure_future(follow())
    ui.context.client.on_delete(task.cancel)


def _draw(visit: Visit, data: Json, corrector: Corrector) -> None:
    conversation = data["conversation"]
    standing = conversation["standing"]
    with ui.row().classes("items-center"):
        ui.badge(visit.say(conversation["status"]))
        ui.label(visit.time(conversation["created_at"]))
        if conversation.get("customer"):
            ui.link(f"{visit.say('Customer')} {conversation['customer']}", address_of(conversation["customer"]))
        if standing["flow"]:
            ui.label(f"{visit.say('In the flow')} {standing['flow']}")
        for name, value in standing["values"].items():
            ui.chip(f"{name}: {value}").props("dense outline")
    for message in data["messages"]:
        _message(visit, conversation["id"], message, corrector)


def _message(visit: Visit, conversation_id: str, message: Json, corrector: Corrector) -> None:
    if not message["content"] and message["role"] != "user":
        return
    author = message.get("author") or visit.say(_SPEAKERS.get(message["role"], "Colleague"))
    ui.chat_message(
        message["content"], name=author, stamp=visit.time(message["created_at"]), sent=message["role"] != "user"
    ).props("bg-color=blue-grey-2" if message["role"] == "user" else "bg-color=teal-2").classes("full-width")
    if message.get("parley"):
        with ui.expansion(visit.say("Why")).classes("full-width").props("dense"):
            decision(visit, message["parley"])
            corrector.buttons(message["turn_id"])
            explain_button(visit, conversation_id, message["turn_id"])
