"""``/labelling``: one turn after the other, by keys: 1 to 5 what the model takes it for, 0 belongs to no intent, S for the next."""

from __future__ import annotations

from nicegui import events, ui

from services.console.api import Json
from services.console.deciding import requests
from services.console.frame import admitted, attempt, live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors

QUEUES = {
    "uncertainty": "Unsure",
    "novelty": "New matters",
    "complaints": "Complaints",
    "disagreement": "Disagreements",
    "four_eyes": "Second person",
}
_OUT_OF_SCOPE = "out_of_scope"
_AT_ONCE = 20


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/labelling")
    async def labelling(by: str = "uncertainty", people: int = 1) -> None:
        visit = visitors.present()
        chosen, both = by if by in QUEUES else "uncertainty", people == 2  # two people
        with page(visit, "Labelling", "/labelling"):
            if not admitted(visit, "train"):
                return
            _choose(visit, chosen, both=both)
            if chosen == "four_eyes":
                await requests(visit)
            await _Labeller(visit, chosen, 2 if both else 1).begin()
            await live(
                lambda: visit.api.get("/v1/labelling/agreement"), lambda data: _agreement(visit, data), seconds=5
            )


def _choose(visit: Visit, by: str, *, both: bool) -> None:
    def go(queue: str, people: int) -> None:
        ui.navigate.to(f"/labelling?by={queue}&people={people}")

    with ui.row().classes("items-center"):
        titles = {name: visit.say(title) for name, title in QUEUES.items()}
        ui.toggle(titles, value=by, on_change=lambda event: go(event.value, 2 if both else 1)).props("no-caps")
        ui.switch(visit.say("Two people each"), value=both, on_change=lambda event: go(by, 2 if event.value else 1))


class _Labeller:
    """The turn at hand, and what can be said of it.

    Args:
        visit: Who labels.
        by: The queue.
        people: How many shall label each turn.
    """

    def __init__(self, visit: Visit, by: str, people: int) -> None:
        self._visit = visit
        self._question: Json = {"author": visit.session.name, "by": by, "people": people, "limit": _AT_ONCE}
        self._waiting: list[Json] = []
        self._seen: set[str] = set()
        self._place = ui.column().classes("full-width")
        self._other = ui.input(visit.say("Another intent")).props(f'aria-label="{visit.say("Another intent")}"')
        self._other.on("keydown.enter", self._say_other)
        ui.keyboard(on_key=self._key)

    async def begin(self) -> None:
        """Show the first turn."""
        await self._next()

    async def _next(self) -> None:
        if not self._waiting:
            told = await attempt(self._visit, self._visit.api.get("/v1/labelling", **self._question))
            found = told["data"] if told is not None else []
            self._waiting = [item for item in found if item["id"] not in self._seen]
        self._place.clear()
        with self._place:
            if self._waiting:
                self._draw(self._waiting[0])
            else:
                nothing(self._visit, "Nothing to label here.")

    def _draw(self, item: Json) -> None:
        for words in item["before"]:
            ui.label(words).classes("text-grey-7")
        ui.label(item["text"]).classes("text-h6")
        ui.label(item["why"]).classes("text-caption")
        for one in item["labels"]:
            ui.label(f"{one['author']}: {one['correct'].get('intent')}")
        with ui.row():
            for number, place in enumerate(self._choices(item), 1):
                ui.button(f"{number} {place}", on_click=lambda place=place: self._label(place)).props("outline no-caps")
            ui.button(f"0 {self._visit.say('out of scope')}", on_click=lambda: self._label(_OUT_OF_SCOPE)).props(
                "outline no-caps"
            )
            ui.button(f"S {self._visit.say('Skip')}", on_click=self._skip).props("flat no-caps")

    @staticmethod
    def _choices(item: Json) -> list[str]:
        return [place["name"] for place in item["ranking"] if place["name"] != _OUT_OF_SCOPE][:5]

    async def _key(self, event: events.KeyEventArguments) -> None:
        if not event.action.keydown or event.action.repeat or not self._waiting:
            return
        choices = self._choices(self._waiting[0])
        if event.key == "0":
            await self._label(_OUT_OF_SCOPE)
        elif event.key in ("s", "S"):
            await self._skip()
        elif event.key.number is not None and 0 < event.key.number <= len(choices):
            await self._label(choices[event.key.number - 1])

    async def _say_other(self) -> None:
        if self._other.value.strip():
            await self._label(self._other.value.strip())
            self._other.set_value("")

    async def _label(self, intent: str) -> None:
        """The next turn is shown before this one is stored, so that nobody waits, and no key is taken for the turn before."""
        if not self._waiting:
            return
        item = self._take()
        await self._next()
        body = {
            "turn_id": item["id"],
            "source": "reviewer",
            "author": self._visit.session.name,
            "correct": {"intent": intent},
        }
        if await attempt(self._visit, self._visit.api.post("/v1/feedback", body)) is None:
            self._waiting.insert(0, item)
            await self._next()

    def _take(self) -> Json:
        self._seen.add(self._waiting[0]["id"])
        return self._waiting.pop(0)

    async def _skip(self) -> None:
        if self._waiting:
            self._take()
            await self._next()


def _agreement(visit: Visit, data: Json) -> None:
    if data["agreement"] is not None:
        kappa = "–" if data["kappa"] is None else f"{data['kappa']:.2f}"
        ui.label(
            f"{visit.say('Labelled by two')}: {data['turns']} · {visit.say('they agree on')} {data['agreement']:.0%} · κ {kappa}"
        ).classes("text-caption")
