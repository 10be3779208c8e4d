"""Corrections as rows to train on."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.privacy.surrogates import with_surrogates
from shared.storage.tables.core import Turn
from shared.storage.tables.feedback import Feedback


@dataclass(frozen=True, slots=True)
class Rows:
    """JSON Lines, and what was decided on the way."""

    content: bytes
    count: int
    disagreements: int


def rows_of(corrections: Sequence[tuple[Feedback, Turn]], before: Mapping[str, Turn]) -> Rows:
    """One row for each turn: the label that weighs most, field by field.

    A label that nobody corrected is left out, not taken from the model: its own answers would teach it nothing but itself. The bot's
    and the customer's last words come along as ``context``, and who corrected as ``labelled_by``. Personal numbers become surrogates.

    Args:
        corrections: The weightiest first.
        before: The turn before, by turn id.
    """
    fields: dict[str, dict[str, Any]] = {}
    turns: dict[str, Turn] = {}
    people: dict[str, str] = {}
    told: dict[tuple[str, str, str], Any] = {}
    unlike: set[str] = set()
    for given, turn in corrections:
        turns.setdefault(turn.id, turn)
        people.setdefault(turn.id, given.author or given.source)
        for name, value in (given.correct or {}).items():
            fields.setdefault(turn.id, {}).setdefault(name, value)
            if told.setdefault((turn.id, given.source, name), value) != value:
                unlike.add(turn.id)
    lines = [
        json.dumps(
            _row(turns[turn_id], labels | {"labelled_by": people[turn_id]}, before.get(turn_id)), ensure_ascii=False
        )
        for turn_id, labels in fields.items()
    ]
    return Rows("".join(f"{line}\n" for line in lines).encode(), len(lines), len(unlike))


def _row(turn: Turn, labels: Mapping[str, Any], last: Turn | None) -> dict[str, Any]:
    pick, known = random.Random(turn.id).randrange, dict[str, str]()  # noqa: S311  # the same turn gives the same surrogates
    row: dict[str, Any] = {"text": with_surrogates(turn.user_text, pick, known)}
    said = [last.user_text, last.answer.text] if last is not None else []
    context = [with_surrogates(words, pick, known) for words in said if words]
    return row | ({"context": context} if context else {}) | dict(labels)
