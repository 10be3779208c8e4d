"""Who is asking: what somebody chose and does not want, and what is remembered of those who asked before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from shared.tasks.recommendation.histories import chosen, refused
from shared.tasks.recommendation.record import EventRow

#: Ids of items that are remembered of all people together: some 20 MB.
_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of who is asking.

    Attributes:
        history: Ids of items, oldest first.
        seen: Ids of those that were bought or liked.
        refused: Ids of those that are not wanted.
    """

    history: tuple[str, ...] = ()
    seen: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def after(self, session: Sequence[str]) -> Person:
        """The same, who chose some items just now, oldest first."""
        if not session:
            return self
        history = tuple(dict.fromkeys(reversed((*self.history, *session))))[::-1]
        return replace(self, history=history, seen=self.seen | frozenset(session))

    def __len__(self) -> int:
        return 1 + len(self.history) + len(self.refused)


NOBODY = Person()
"""Somebody of whom nothing is known."""


def person(events: Sequence[EventRow]) -> Person:
    """Of stored events, oldest first."""
    history = tuple(one.item_id for one in chosen(events, weak=True))
    return Person(history, frozenset(one.item_id for one in chosen(events)), frozenset(refused(events)))


class People:
    """Those who asked lately, each until there are new events of theirs. Not safe for use from several threads at once."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Person] = OrderedDict()
        self._size = 0

    def get(self, who: str) -> Person | None:
        """Somebody, if known."""
        found = self._known.get(who)
        if found is not None:
            self._known.move_to_end(who)
        return found

    def keep(self, who: str, one: Person) -> None:
        """Remember somebody; those who asked longest ago are forgotten for it."""
        self._drop(who)
        self._known[who], self._size = one, self._size + len(one)
        while self._size > _REMEMBERED:
            self._drop(next(iter(self._known)))

    def changed(self, events: Iterable[EventRow]) -> None:
        """Forget those who did something."""
        if self._known:
            for who in {event.who for event in events}:
                self._drop(who)

    def _drop(self, who: str) -> None:
        gone = self._known.pop(who, None)
        self._size -= 0 if gone is None else len(gone)
