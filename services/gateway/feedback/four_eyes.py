"""Corrections that need a second person: they count once two people have named the same intent for a turn."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.bot.bot_file import read_bot
from shared.storage.chat import bots
from shared.storage.chat.four_eyes import same_person
from shared.storage.database.engine import Session
from shared.storage.tables.core import Turn
from shared.storage.tables.feedback import Feedback

Corrections = Sequence[tuple[Feedback, Turn]]


def declared(session: Session) -> frozenset[str]:
    """The intents that need four eyes by the bot file in service."""
    active = bots.active(session)
    return frozenset(read_bot(active.source).review.four_eyes) if active is not None else frozenset()


def concerns(intents: Collection[str], turn: Turn, given: Sequence[Feedback]) -> bool:
    """Whether the model, or anybody who corrected it, takes a turn for one of some intents."""
    understood = turn.understanding.intent
    named = {(one.correct or {}).get("intent") for one in given} | {understood.name if understood else None}
    return any(intent in intents for intent in named)


def agreed(corrections: Corrections, intents: Collection[str]) -> tuple[Corrections, int]:
    """Those that count, and how many turns wait for a second person."""
    if not intents:
        return corrections, 0
    by_turn: dict[str, list[Feedback]] = {}
    for given, turn in corrections:
        by_turn.setdefault(turn.id, []).append(given)
    held = {turn.id for _, turn in corrections if concerns(intents, turn, by_turn[turn.id])}
    counting = [
        (given, turn) for given, turn in corrections if turn.id not in held or _seconded(given, by_turn[turn.id])
    ]
    return counting, len(held - {turn.id for _, turn in counting})


def settled(given: Sequence[Feedback]) -> bool:
    """Whether two people have named the same intent."""
    return any(_seconded(one, given) for one in given)


def _seconded(given: Feedback, others: Sequence[Feedback]) -> bool:
    intent, mine = (given.correct or {}).get("intent"), (given.key_id, given.author)
    return intent is not None and any(
        (one.correct or {}).get("intent") == intent and not same_person(mine, (one.key_id, one.author))
        for one in others
    )
