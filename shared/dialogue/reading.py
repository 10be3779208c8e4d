"""What a message contributes to a flow: values for its slots, and values that do not do."""

from __future__ import annotations

from dataclasses import dataclass

from shared.bot.bot import Flow
from shared.contracts.chat import FlowState
from shared.contracts.understanding import EntitySpan
from shared.dialogue.turn import Turn
from shared.dialogue.values.slots import SELF_EVIDENT, in_words


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found.

    Attributes:
        values: New or changed values by slot.
        faulty: The slot for which something was said that does not do.
        share: Share of the message that its values make up (0..1).
    """

    values: dict[str, str]
    faulty: str | None
    share: float


def read(turn: Turn, flow: Flow, state: FlowState) -> Reading:
    """Find values for a flow in a message, corrections of earlier values included."""
    values: dict[str, str] = {}
    faulty: str | None = None
    covered = 0
    for entity in turn.understanding.entities:
        name = _slot_for(turn, flow, state.asked, entity, values)
        if name is None:
            continue
        value = turn.reader.value(name, entity.text) or turn.reader.found(name, turn.text)
        if value is not None:
            values[name] = value
            covered += len(entity.text)
        elif turn.bot.slots[name].prompt:
            faulty = name
    for name in _searched(turn, flow, state.asked, values):
        found = turn.reader.found(name, turn.text)
        if found is not None:
            values[name] = found
    return Reading(
        values={name: value for name, value in values.items() if state.slots.get(name) != value},
        faulty=None if faulty in values else faulty,
        share=covered / max(len(turn.text.strip()), 1),
    )


def _slot_for(turn: Turn, flow: Flow, asked: str | None, entity: EntitySpan, values: dict[str, str]) -> str | None:
    """The slot that an entity fills. A role fills its slot; what has none fills the slot that was asked for.

    So does a value with the role of another slot if it is the whole message: an answer needs no "from" or "to", and
    without it the model has to guess the role.
    """
    slots = turn.bot.slots
    owners = [name for name in (*flow.required, *flow.optional) if entity.label in slots[name].entities]
    if asked is not None and asked not in values:
        alone = in_words(entity.text) == turn.words
        if asked in owners or (entity.label in slots[asked].when_asked and (alone or not owners)):
            return asked
    return next((name for name in owners if name not in values), owners[-1] if owners else None)


def _searched(turn: Turn, flow: Flow, asked: str | None, values: dict[str, str]) -> list[str]:
    """Slots that the whole message is searched for: the one asked for, then the first of each self-evident type."""
    slots = turn.bot.slots
    types = {slots[name].type for name in values}
    names = [asked] if asked is not None and asked not in values else []
    for name in (*names, *flow.required, *flow.optional):
        if slots[name].type in SELF_EVIDENT - types:
            types.add(slots[name].type)
            if name not in names:
                names.append(name)
    return names
