"""Who chose what, in order of time: what events say once repetitions, returns and bad ratings are taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from shared.rows.row import Unlabelled
from shared.tasks.recommendation.record import EventKind, EventRow, ItemRow

#: A rating from which on somebody liked the item.
LIKED = 4.0
#: What speaks for an item though nobody paid for it or praised it: taken where there is too little of the better.
_WEAK: frozenset[EventKind] = frozenset(("cart", "click", "view"))

#: Different items from which on somebody has a history that can be learned from and judged by.
MIN_ITEMS = 3


class Visit(NamedTuple):
    """An item that somebody chose.

    Attributes:
        item: Which.
        at: When, in Unix seconds.
    """

    item: ItemRow
    at: float


@dataclass(frozen=True, slots=True)
class History(Unlabelled):
    """What somebody chose, each item once, oldest first.

    Attributes:
        who: Whose it is.
        visits: Up to now.
        target: What came next, if that is to be foretold.
    """

    who: str
    visits: tuple[Visit, ...]
    target: Visit | None = None

    @property
    def key(self) -> str:
        """Whose, and up to where."""
        return f"{self.who} {len(self.visits)}"

    @property
    def text(self) -> str:
        """Of the last item."""
        return self.visits[-1].item.text

    @property
    def now(self) -> float:
        """The time of the last visit: what is foretold is foretold from here."""
        return self.visits[-1].at

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """With the texts of its items changed."""
        return replace(self, visits=tuple(visit._replace(item=visit.item.with_texts(change)) for visit in self.visits))


def is_liked(event: EventRow) -> bool:
    """Whether an event says that somebody wanted the item: a purchase, or a rating of 4 and more."""
    return event.type == "purchase" or (event.type == "rating" and event.value is not None and event.value >= LIKED)


def chosen(events: Sequence[EventRow], *, weak: bool = False) -> list[EventRow]:
    """The last event about each item of one person's that speaks for it, oldest first.

    A return takes back the purchase before it, a low rating or a dismissal whatever spoke for the item before.

    Args:
        events: In order of time; ties stand as they came.
        weak: Whether clicks and views count too.
    """
    found: dict[str, EventRow] = {}
    for event in events:
        if is_liked(event) or (weak and event.type in _WEAK):
            kept = found.pop(event.item_id, None)
            found[event.item_id] = kept if kept is not None and event.type in _WEAK and is_liked(kept) else event
        elif event.type in ("return", "dismiss", "rating"):
            found.pop(event.item_id, None)
    return list(found.values())


def refused(events: Iterable[EventRow]) -> set[str]:
    """Items that somebody does not want to see: dismissed, returned or rated low, and nothing good said since."""
    found: set[str] = set()
    for event in events:
        if event.type in ("dismiss", "return") or (event.type == "rating" and not is_liked(event)):
            found.add(event.item_id)
        elif is_liked(event):
            found.discard(event.item_id)
    return found


def in_order(events: Iterable[EventRow]) -> dict[str, list[EventRow]]:
    """Each person's events by time; ties stand as they came, repetitions are left out."""
    once = {event.key: event for event in events}
    people: dict[str, list[EventRow]] = {}
    for event in sorted(once.values(), key=lambda event: event.timestamp):
        people.setdefault(event.who, []).append(event)
    return people


def histories(items: Mapping[str, ItemRow], events: Iterable[EventRow]) -> list[History]:
    """Of everybody who chose something that is in the catalog.

    Clicks and views count where no event at all says more: a publisher sells nothing.
    """
    people = in_order(event for event in events if event.item_id in items)
    strong = [History(who, _visits(items, chosen(told))) for who, told in people.items()]
    found = [history for history in strong if history.visits]
    if found:
        return found
    weak = (History(who, _visits(items, chosen(told, weak=True))) for who, told in people.items())
    return [history for history in weak if history.visits]


def _visits(items: Mapping[str, ItemRow], events: Iterable[EventRow]) -> tuple[Visit, ...]:
    return tuple(Visit(items[event.item_id], event.timestamp) for event in events)


def up_to(found: Iterable[History], back: int) -> list[History]:
    """Each history as it was ``back`` items ago, with what came next; those of fewer than ``MIN_ITEMS`` items then are whole."""
    cut = []
    for history in found:
        kept = len(history.visits) - back
        if len(history.visits) < MIN_ITEMS or kept < 1:
            cut.append(history)
        else:
            cut.append(History(history.who, history.visits[:kept], history.visits[kept]))
    return cut
