"""Who is killed, in which order, and how one sees that the stack is well again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

TRAINER = "trainer"
"""The process that trains, a child of a worker: not a member, its worker looks after it."""


@dataclass(frozen=True)
class Kind:
    """A kind of victim.

    Attributes:
        name: As the table shows it.
        members: The names of its processes.
    """

    name: str
    members: tuple[str, ...]


KINDS: tuple[Kind, ...] = (
    Kind("gateway", ("gateway-1", "gateway-2")),
    Kind("nlu", ("nlu-1", "nlu-2")),
    Kind("generation", ("generation-1", "generation-2")),
    Kind("recommendation", ("recommendation-1", "recommendation-2")),
    Kind("monitoring", ("monitoring-1",)),
    Kind("worker", ("training-1",)),
    Kind(TRAINER, (TRAINER,)),
    Kind("broker", ("broker",)),
    Kind("database", ("database",)),
)


@dataclass(frozen=True)
class Kill:
    """One blow.

    Attributes:
        kind: What is hit.
        member: Which one.
        pause: Seconds that the stack is left in peace before.
    """

    kind: str
    member: str
    pause: float


def plan(seed: int, kills: int) -> list[Kill]:
    """Kills in an order that the seed alone decides: every kind once before any comes again."""
    chance = Random(seed)
    order: list[Kind] = []
    while len(order) < kills:
        order += chance.sample(KINDS, len(KINDS))
    return [Kill(kind.name, chance.choice(kind.members), chance.uniform(0.2, 1.5)) for kind in order[:kills]]


def told(kills: Sequence[Kill]) -> str:
    """The order in one line."""
    return " ".join(kill.member for kill in kills)
