"""Which turns come next: those of which a label would teach the model most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.gateway.feedback import four_eyes
from services.gateway.labelling.schemas import Choice
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.storage.database.engine import Session
from shared.storage.tables.core import Turn
from shared.storage.tables.feedback import Feedback
from shared.storage.training import labelling


@dataclass(frozen=True, slots=True)
class Pick:
    """A turn with why it is worth a look."""

    turn: Turn
    why: str
    labels: tuple[Feedback, ...] = ()


Given = Mapping[str, Mapping[str, Feedback]]
"""What each author said last, by turn."""


def given(session: Session) -> Given:
    """The labels of reviewers."""
    found: dict[str, dict[str, Feedback]] = {}
    for one in labelling.labels(session):
        found.setdefault(one.turn_id, {}).setdefault(one.author or one.key_id, one)
    return found


def picked(session: Session, by: Choice, author: str, people: int, limit: int) -> list[Pick]:
    """The next turns for somebody, the most useful first.

    Args:
        session: An open reading.
        by: What makes a turn useful.
        author: Who looks; turns that they have labelled are left out.
        people: How many shall label each turn; one of a disagreement needs another one still.
        limit: Turns.
    """
    known = given(session)
    if by == "disagreement":
        found = _disagreements(session, known)
        return [pick for pick in found if author not in known[pick.turn.id]][:limit]
    if by == "four_eyes":
        found = _unsettled(session, known)
        return [pick for pick in found if author not in known[pick.turn.id]][:limit]
    picks = _complaints(session) if by == "complaints" else _recent(session, by)
    twice = four_eyes.declared(session)

    def has_enough(pick: Pick) -> bool:
        told = known.get(pick.turn.id, {})
        return author in told or len(told) >= (2 if four_eyes.concerns(twice, pick.turn, [*told.values()]) else people)

    return [pick for pick in picks if not has_enough(pick)][:limit]


def unlike(told: Mapping[str, Feedback]) -> bool:
    """Whether people named different intents for a turn."""
    return len({intent for one in told.values() if (intent := (one.correct or {}).get("intent"))}) > 1


def _recent(session: Session, by: Choice) -> list[Pick]:
    def doubt(turn: Turn) -> float:
        """How unsure the model was: the lead of the likeliest intent over the next (margin sampling: Scheffer et al. 2001)."""
        likely = [one.confidence for one in turn.understanding.ranking[:2]]
        return likely[0] - likely[-1] if len(likely) > 1 else 1.0

    turns = [turn for turn in labelling.recent(session) if turn.understanding.intent is not None]
    if by == "novelty":
        new = [turn for turn in turns if turn.understanding.intent and turn.understanding.intent.name == OUT_OF_SCOPE]
        return [Pick(turn, "belongs to no intent") for turn in sorted(new, key=lambda turn: -turn.created_at)]
    return [Pick(turn, f"a lead of {doubt(turn):.0%}") for turn in sorted(turns, key=doubt)]


def _complaints(session: Session) -> list[Pick]:
    found = {one.turn_id: one for one in reversed(labelling.complaints(session))}
    turns = labelling.turns(session, list(found)[-labelling.TURNS :])
    return [
        Pick(turns[turn_id], one.comment or f"rated {one.rating}")
        for turn_id, one in reversed(found.items())
        if turn_id in turns
    ]


def _disagreements(session: Session, known: Given) -> list[Pick]:
    apart = [turn_id for turn_id, told in known.items() if unlike(told)]
    turns = labelling.turns(session, apart[: labelling.TURNS])
    return [
        Pick(turns[turn_id], "people disagree", tuple(known[turn_id].values())) for turn_id in apart if turn_id in turns
    ]


def _unsettled(session: Session, known: Given) -> list[Pick]:
    """What people have labelled where two have to agree and do not yet."""
    declared = four_eyes.declared(session)
    waiting = [turn_id for turn_id, told in known.items() if not four_eyes.settled([*told.values()])]
    turns = labelling.turns(session, waiting[: labelling.TURNS])
    return [
        Pick(turns[turn_id], "needs a second person", told)
        for turn_id in waiting
        if turn_id in turns and four_eyes.concerns(declared, turns[turn_id], told := tuple(known[turn_id].values()))
    ]


def pairs(known: Given) -> Sequence[tuple[str, str, str]]:
    """Of each turn that two people labelled with an intent: its id, and what the first two said."""
    found = []
    for turn_id, told in known.items():
        said = [one for one in told.values() if (one.correct or {}).get("intent")]
        first = sorted(said, key=lambda one: one.created_at)[:2]
        if len(first) == 2:  # two people
            one, other = ((each.correct or {})["intent"] for each in first)
            found.append((turn_id, one, other))
    return found
