"""What a message contributes to a flow: values for its slots, several for one, and values that do not do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shared.bot.bot import Flow
from shared.contracts.chat import FlowState
from shared.contracts.understanding import EntitySpan
from shared.dialogue.acts import in_words
from shared.dialogue.turn import Turn
from shared.dialogue.values.addresses import extended
from shared.dialogue.values.found import Found, distinct
from shared.dialogue.values.order_numbers import is_postcode
from shared.dialogue.values.polarity import wanted
from shared.dialogue.values.slots import SELF_EVIDENT

#: Between the two days of a range, of which a slot for one day takes the first.
_RANGE = re.compile(r"\s*(?:to|until|till|through|-|–|—|到|至)\s*(?:the\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found.

    Attributes:
        values: New or changed values by slot.
        faulty: The slot for which something was said that does not do.
        share: Share of the message that its values make up (0..1).
        unclear: Slots for which several values were said, with these.
        refused: Slots of which a value was named only to rule it out.
    """

    values: dict[str, str]
    faulty: str | None
    share: float
    unclear: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the message tells the flow nothing."""
        return not self.values and not self.unclear and not self.refused and self.faulty is None


def read(turn: Turn, flow: Flow, state: FlowState) -> Reading:
    """Find values for a flow in a message, corrections of earlier values included. One piece of text fills one slot."""
    found, faulty = _by_entities(turn, flow, state)
    _search(turn, flow, state.asked, found)
    values: dict[str, str] = {}
    unclear: dict[str, tuple[str, ...]] = {}
    refused: list[str] = []
    for name, candidates in found.items():
        told = distinct(_first_of_range(turn.text, wanted(turn.text, candidates)))
        if len(told) == 1 or (told and turn.bot.slots[name].type == "text"):
            values[name] = ", ".join(told)  # two adults and a child, shoes and a bag: free text holds both
        elif told:
            unclear[name] = told
        else:
            refused.append(name)
    covered = sum(one.end - one.start for candidates in found.values() for one in candidates)
    return Reading(
        values={name: value for name, value in values.items() if state.slots.get(name) != value},
        faulty=None if faulty in found else faulty,
        share=min(covered / max(len(turn.text.strip()), 1), 1.0),
        unclear=unclear,
        refused=tuple(refused),
    )


def _by_entities(turn: Turn, flow: Flow, state: FlowState) -> tuple[dict[str, list[Found]], str | None]:
    """What the model found, by slot; and the last slot whose value does not do."""
    found: dict[str, list[Found]] = {}
    faulty: str | None = None
    for entity in turn.entities:
        name = _slot_for(turn, flow, state.asked, entity, found)
        if name is None or (
            turn.bot.slots[name].type == "order_number" and is_postcode(turn.text, entity.start, entity.end)
        ):
            continue
        values = list(_values(turn, name, entity))
        if values:
            known = found.setdefault(name, [])
            known.extend(one for one in values if not one.overlaps((other.start, other.end) for other in known))
        elif turn.bot.slots[name].prompt:
            faulty = name
    return found, faulty


def _values(turn: Turn, name: str, entity: EntitySpan) -> Iterator[Found]:
    """The values of a slot that an entity stands for: what its type finds there, else the entity as it is.

    What a reader of the type finds may reach beyond the entity ("the day after tomorrow", of which a model found the last word), and
    may stand elsewhere in the message ("from 14 March to 17 March").
    """
    slot = turn.bot.slots[name]
    if slot.type == "address":
        yield extended(turn.text, entity.start, entity.end)
        return
    anywhere = turn.reader.all(name, turn.text)
    if any(one.overlaps([(entity.start, entity.end)]) for one in anywhere):
        yield from anywhere
        return
    value = turn.reader.value(name, entity.text)
    if value is not None:
        yield Found(value, entity.start, entity.end)
    else:
        yield from anywhere


def _first_of_range(text: str, found: list[Found]) -> list[Found]:
    if len(found) == 2 and _RANGE.fullmatch(text[found[0].end : found[1].start]):
        return found[:1]
    return found


def _slot_for(turn: Turn, flow: Flow, asked: str | None, entity: EntitySpan, found: Mapping[str, object]) -> str | None:
    """The slot that an entity fills. A role fills its slot; what has none fills the slot that was asked for.

    So does a value with the role of another slot if it is the whole message: an answer needs no "from" or "to", and
    without it the model has to guess the role.
    """
    slots = turn.bot.slots
    owners = [name for name in (*flow.required, *flow.optional) if entity.label in slots[name].entities]
    if asked is not None:
        alone = in_words(entity.text) == turn.words
        if asked in owners or (entity.label in slots[asked].when_asked and (alone or not owners)):
            return asked
    return next((name for name in owners if name not in found), owners[-1] if owners else None)


def _search(turn: Turn, flow: Flow, asked: str | None, found: dict[str, list[Found]]) -> None:
    """Look through the whole message for the slot that was asked for, then for the first of each self-evident type."""
    slots = turn.bot.slots
    types = {slots[name].type for name in found}
    names = [asked] if asked is not None and asked not in found else []
    for name in (*names, *flow.required, *flow.optional):
        if name in found or (name != asked and slots[name].type not in SELF_EVIDENT - types):
            continue
        taken = [(one.start, one.end) for other in found.values() for one in other]
        others = [(entity.start, entity.end) for entity in turn.entities if entity.label == "address"]
        free = [one for one in turn.reader.all(name, turn.text) if not one.overlaps([*taken, *others])]
        if free:
            types.add(slots[name].type)
            found[name] = free
