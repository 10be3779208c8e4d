"""What a message contributes to a flow: values for its slots, values to choose among, and values that do not do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.bot.bot import Flow
from shared.contracts.chat.turns import FlowState
from shared.contracts.chat.understanding import EntitySpan
from shared.dialogue import acts, which
from shared.dialogue.turn import Turn
from shared.dialogue.values.found import Certainty, Found
from shared.dialogue.values.free_text import looks_like_an_answer
from shared.dialogue.values.polarity import judged
from shared.dialogue.values.slots import READERS, SELF_EVIDENT
from shared.dialogue.values.words import in_words

#: Characters before an entity in which the words are looked for that lead to it.
_BEFORE = 40
#: Of an entity that is less sure it is doubtful whether it is one.
_SURE = 0.5
#: A name of two or three words, each with a capital.
_NAME = re.compile(r"[^\W\d_a-z][^\W\d_]*(?: [^\W\d_a-z][^\W\d_]*){1,2}")
#: What stands between two values of free text of which the customer wants one.
_OR = re.compile(r"\s+or\s+|\s*(?:还是|或者|或)\s*", re.IGNORECASE)
#: Values that a customer is asked to choose among; of more, the first ones.
_MAX_UNCLEAR = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found.

    Attributes:
        values: New or changed values by slot.
        faulty: The slot for which something was said that does not do.
        share: Share of the message that its values make up (0..1).
        unclear: Values by slot among which the customer must choose.
        refused: Slots whose present value the customer takes back without a new one: "not tomorrow".
    """

    values: dict[str, str]
    faulty: str | None
    share: float
    unclear: dict[str, tuple[str, ...]] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether the message bears on a value: a new one, one of several, or one that is taken back."""
        return bool(self.values or self.unclear or self.refused)

    @property
    def is_empty(self) -> bool:
        """Whether the message tells the flow nothing."""
        return not self.tells and self.faulty is None


@dataclass(frozen=True, slots=True)
class _Claim:
    """A piece of the message as the value of a slot; ``told`` by the model, or found by the slot's reader alone."""

    slot: str
    found: Found
    told: bool

    @property
    def length(self) -> int:
        return self.found.end - self.found.start


def read(turn: Turn, flow: Flow, state: FlowState) -> Reading:
    """Find values for a flow in a message, corrections of earlier values included; a piece of text fills one slot."""
    claims, unread = _told(turn, flow, state)
    claims += _searched(turn, flow, state, claims)
    kept = _one_slot_each(claims, state.asked)
    settled = _Settled(turn, state)
    for name in dict.fromkeys(claim.slot for claim in kept):
        settled.take(name, [claim for claim in kept if claim.slot == name])
    settled.choose()
    left = [
        name for name, entity in unread if not any(claim.found.overlaps(entity.start, entity.end) for claim in kept)
    ]
    faulty = settled.faulty or next((name for name in reversed(left) if name not in settled.taken), None)
    covered = sum(claim.length for claim in kept)
    return Reading(
        values={name: value for name, value in settled.values.items() if state.slots.get(name) != value},
        faulty=faulty,
        share=min(1.0, covered / max(len(turn.text.strip()), 1)),
        unclear=settled.unclear,
        refused=tuple(settled.refused),
    )


def _told(turn: Turn, flow: Flow, state: FlowState) -> tuple[list[_Claim], list[tuple[str, EntitySpan]]]:
    """Claims of the model's entities, and entities that could not be read, with their slots. A guess takes no value back that is known."""
    asked = state.asked
    claims: list[_Claim] = []
    unread: list[tuple[str, EntitySpan]] = []
    for entity in turn.entities:
        name = _slot_for(turn, flow, asked, entity, {claim.slot for claim in claims})
        if name is None:
            continue
        is_guess = entity.confidence < _SURE and not _is_led_to(turn, name, entity)
        if is_guess and name != asked and name in state.slots:
            continue
        start, end = _whole_name(turn, name, asked, entity)
        found = turn.reader.of_span(name, turn.text, start, end)
        claims += [_Claim(name, one, told=True) for one in found]
        if not found and turn.bot.slots[name].prompt and looks_like_an_answer(entity.text):
            unread.append((name, entity))
    return claims, unread


def _whole_name(turn: Turn, name: str, asked: str | None, entity: EntitySpan) -> tuple[int, int]:
    """The span of an entity, or of all of an answer that is one name in capitals, of which the model saw a part: "London Gatwick"."""
    slot, text = turn.bot.slots[name], turn.text.strip(" .,!")
    is_name = slot.whole_answer and slot.type in ("city", "text") and _NAME.fullmatch(text) is not None
    surely_two = any(other.confidence >= _SURE for other in turn.entities if other is not entity)
    if name != asked or not is_name or surely_two or acts.core(turn.words) != turn.words:
        return entity.start, entity.end
    start = turn.text.index(text)
    return start, start + len(text)


def _slot_for(turn: Turn, flow: Flow, asked: str | None, entity: EntitySpan, taken: set[str]) -> str | None:
    """The slot that an entity fills. A role fills its slot; what has none fills the slot that was asked for.

    So does a value with the role of another slot if it is the whole message, or if no word stands before it that the bot file names for
    that role: an answer needs no "from" or "to", and without it the model has to guess the role.
    """
    slots = turn.bot.slots
    names = (*flow.required, *flow.optional)
    in_words_before = next((name for name in names if _is_led_to(turn, name, entity)), None)
    if in_words_before is not None:
        return in_words_before
    owners = [name for name in names if entity.label in slots[name].entities]
    if asked is not None and asked not in taken:
        alone = acts.without_courtesy(turn.words) == in_words(entity.text) or any(slots[name].after for name in owners)
        if asked in owners or (entity.label in slots[asked].when_asked and (alone or not owners)):
            return asked
    if not owners and asked is not None and entity.label in slots[asked].when_asked:
        return asked  # another value for it: "Berlin or Hamburg"
    return next((name for name in owners if name not in taken), owners[-1] if owners else None)


def _is_led_to(turn: Turn, name: str, entity: EntitySpan) -> bool:
    """Whether the words before an entity say that it belongs to a slot: "from Berlin"."""
    slot = turn.bot.slots[name]
    if entity.label not in (*slot.entities, *slot.when_asked):
        return False
    before = in_words(turn.text[max(0, entity.start - _BEFORE) : entity.start])
    return any(
        f" {before}".endswith(word if word[-1:] > "\u2fff" else f" {word}")
        for word in map(in_words, slot.after)
        if word
    )


def _searched(turn: Turn, flow: Flow, state: FlowState, told: Sequence[_Claim]) -> list[_Claim]:
    """What the message holds for the slot asked for, then for the first of each self-evident type."""
    slots, asked = turn.bot.slots, state.asked
    taken = {claim.slot for claim in told}
    types = {slots[name].type for name in taken}
    claims: list[_Claim] = []
    for name in (*((asked,) if asked is not None else ()), *flow.required, *flow.optional):
        if name in taken or (name != asked and slots[name].type not in SELF_EVIDENT - types):
            continue
        found = [one for one in turn.reader.read(name, turn.text) if name == asked or _stands_out(turn, name, one)]
        claims += [_Claim(name, one, told=False) for one in found if not _in_longer_entity(turn, name, one)]
        taken.add(name)
        types.add(slots[name].type)
    return claims


def _stands_out(turn: Turn, name: str, found: Found) -> bool:
    """Whether a value that nobody asked for is one: digits alone may be an order number, but no time and no day."""
    wanted = Certainty.LIKELY if turn.bot.slots[name].type == "order_number" else Certainty.PLAIN
    return found.certainty >= wanted and (found.rejected or turn.reader.fits(name, found.value))


def _in_longer_entity(turn: Turn, name: str, found: Found) -> bool:
    """Whether the model takes it for a part of something else: the digits of "10115 Berlin"."""
    return found.certainty < Certainty.PLAIN and any(
        entity.start <= found.start
        and found.end <= entity.end
        and entity.end - entity.start > found.end - found.start
        and entity.label not in turn.bot.slots[name].entities
        for entity in turn.entities
    )


def _one_slot_each(claims: Sequence[_Claim], asked: str | None) -> list[_Claim]:
    """Claims that do not overlap: the longer goes first, then what the model says, then what was asked for."""
    kept: list[_Claim] = []
    for claim in sorted(claims, key=lambda each: (-each.length, not each.told, each.slot != asked)):
        if not any(claim.found.overlaps(other.found.start, other.found.end) for other in kept):
            kept.append(claim)
    return sorted(kept, key=lambda each: each.found.start)


@dataclass
class _Settled:
    """What the claims come to, slot by slot."""

    turn: Turn
    state: FlowState
    values: dict[str, str] = field(default_factory=dict)
    unclear: dict[str, tuple[str, ...]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    faulty: str | None = None

    @property
    def taken(self) -> set[str]:
        """Slots that something was found for."""
        return {*self.values, *self.unclear, *self.refused}

    def take(self, name: str, claims: Sequence[_Claim]) -> None:
        """Settle what one slot gets."""
        found = [claim.found for claim in claims]
        if self.turn.bot.slots[name].type not in READERS:
            found = judged(self.turn.text, found)
        wanted = list(_surest(self.turn, name, [one for one in found if not one.rejected]))
        if not wanted:
            self._take_back(name, [one.value for one in found])
            return
        values = list(dict.fromkeys(one.value for one in wanted if self.turn.reader.fits(name, one.value)))
        meant = name == self.state.asked or any(claim.told for claim in claims)
        if len(values) == 1:
            values = self._alternatives(name, values[0])
        if len(values) > 1:
            self._take_one(name, values, wanted, meant=meant)
        elif values:
            self.values[name] = self._meant_end(name, values[0])
        elif meant:
            self.faulty = name

    def choose(self) -> None:
        """Take the answer to "Which one: …?"."""
        asked = self.state.asked
        if asked is None or not self.state.which or asked in self.values:
            return
        chosen = which.chosen(self.turn, asked, self.state.which)
        if chosen is not None:
            self.values[asked] = chosen
            self.unclear.pop(asked, None)

    def _take_one(self, name: str, values: Sequence[str], wanted: Sequence[Found], *, meant: bool) -> None:
        """Of several values the end of a range that is meant, or free words together, or whichever the customer says."""
        text, kind = self.turn.text, self.turn.bot.slots[name].type
        if kind == "text" and not _OR.search(text[wanted[0].start : wanted[-1].end]):
            stretch = " ".join(text[wanted[0].start : wanted[-1].end].split())
            self.values[name] = stretch if self.turn.reader.fits(name, stretch) else values[-1]
            return
        end = self.turn.reader.range_end(name, text) if kind == "date" else None
        if end is not None and end in values:
            self.values[name] = end
        elif self.turn.bot.slots[name].prompt and (meant or name not in self.state.slots):
            self.unclear[name] = tuple(values[:_MAX_UNCLEAR])

    def _meant_end(self, name: str, value: str) -> str:
        """The value, or if it is the other end of a stretch of days, of which only that was seen, the end that the slot stands for."""
        if self.turn.bot.slots[name].type != "date":
            return value
        ends = self.turn.reader.range_ends(name, self.turn.text)
        meant = self.turn.reader.range_end(name, self.turn.text)
        return meant if meant is not None and value in ends else value

    def _alternatives(self, name: str, value: str) -> list[str]:
        """The values that free words leave open: "Air France or Iberia"."""
        slot = self.turn.bot.slots[name]
        if slot.type != "text" or not slot.prompt:
            return [value]
        return list(dict.fromkeys(part for part in _OR.split(value) if self.turn.reader.fits(name, part))) or [value]

    def _take_back(self, name: str, rejected: Sequence[str]) -> None:
        """Nothing but what is not meant: of two choices that leaves one."""
        present = self.state.slots.get(name)
        left = tuple(value for value in self.turn.bot.slots[name].choices if value not in rejected)
        if present is not None and present not in rejected:
            return
        if len(left) == 1:
            self.values[name] = left[0]
        elif left:
            self.unclear[name] = left[:_MAX_UNCLEAR]
        elif present is not None:
            self.refused.append(name)


def _surest(turn: Turn, name: str, found: Sequence[Found]) -> Iterator[Found]:
    """Without those that are less sure than the best; days and times that are named at all count alike."""
    alike = Certainty.LIKELY if turn.bot.slots[name].type in ("date", "time") else Certainty.PLAIN
    best = max((min(one.certainty, alike) for one in found), default=alike)
    return (one for one in found if one.certainty >= best)
