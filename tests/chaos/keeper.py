"""Starts again what died, at once, as the restart policy of docker-compose.yml does; and remembers who was away when."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event, Lock

from shared.background import Background
from tests.chaos.members import Member

#: Seconds between two looks.
_PERIOD = 0.1
#: Seconds before one that keeps dying is started again: the first time, and at most; Docker doubles them likewise.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


@dataclass
class Outage:
    """A member was away, from ``began`` until it served again, in seconds of the monotonic clock."""

    name: str
    began: float
    ordered: bool
    """It was killed by us, and did not die by itself."""
    ended: float = math.inf

    def touches(self, began: float, ended: float) -> bool:
        """Whether any of it lies in a span of time."""
        return self.began <= ended and began <= self.ended


@dataclass
class _Care:
    outage: Outage
    starts: int = 0
    next_start: float = 0.0


class Keeper(Background):
    """A thread that keeps every member alive while the context is open.

    Args:
        members: By name; all of them run.
    """

    def __init__(self, members: Mapping[str, Member]) -> None:
        super().__init__("keeper")
        self._members = members
        self._lock = Lock()
        self._care: dict[str, _Care] = {}
        self._stopping = Event()
        self.outages: list[Outage] = []

    def kill(self, name: str) -> Outage:
        """Kill a member; it is started again."""
        with self._lock:  # held until it is dead, so that it is not started while it dies
            outage = self._away(name, ordered=True)
            self._members[name].kill()
        return outage

    def is_back(self, name: str) -> bool:
        """Whether a member serves, as far as is known."""
        return name not in self._care

    def was_away(self, name: str, began: float, ended: float) -> bool:
        """Whether a member was away at any moment of a span of time."""
        return any(outage.name == name and outage.touches(began, ended) for outage in list(self.outages))

    def unordered(self) -> list[Outage]:
        """The deaths that nobody ordered."""
        return [outage for outage in self.outages if not outage.ordered]

    def _away(self, name: str, *, ordered: bool) -> Outage:
        outage = Outage(name, time.monotonic(), ordered)
        self.outages.append(outage)
        self._care[name] = _Care(outage)
        return outage

    def _stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(_PERIOD):
            for name, member in self._members.items():
                with self._lock:
                    if name not in self._care and not member.alive:
                        self._away(name, ordered=False)
                    care = self._care.get(name)
                if care is not None:
                    self._look_after(name, member, care)

    def _look_after(self, name: str, member: Member, care: _Care) -> None:
        now = time.monotonic()
        if member.alive:
            if care.starts and member.answers():
                care.outage.ended = time.monotonic()
                with self._lock:
                    del self._care[name]
        elif now >= care.next_start:
            member.start()
            care.starts += 1
            care.next_start = now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**care.starts)
