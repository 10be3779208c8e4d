"""Values of slots: found in what a customer says, checked, brought into one form, and shown again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from shared.bot.bot import Bot
from shared.bot.slot import Slot, SlotType
from shared.dialogue.values import durations, free_text
from shared.dialogue.values.addresses import addresses
from shared.dialogue.values.amounts import amounts
from shared.dialogue.values.calendar import Calendar, spoken
from shared.dialogue.values.choices import choices
from shared.dialogue.values.counts import counts
from shared.dialogue.values.date_ranges import date_ranges
from shared.dialogue.values.dates import dates
from shared.dialogue.values.emails import emails
from shared.dialogue.values.found import Certainty, Found
from shared.dialogue.values.ids import order_numbers, patterned
from shared.dialogue.values.numbers import numbers
from shared.dialogue.values.polarity import judged
from shared.dialogue.values.times import times

Reader = Callable[[str, Slot, Calendar], list[Found]]

#: How each type is found in a text. Free text and names of cities are not: only a model can tell where they stand.
READERS: dict[SlotType, Reader] = {
    "address": lambda text, _slot, _calendar: addresses(text),
    "amount": lambda text, _slot, _calendar: amounts(text),
    "choice": lambda text, slot, _calendar: choices(text, slot.choices),
    "count": lambda text, _slot, _calendar: counts(text),
    "date": lambda text, _slot, calendar: dates(text, calendar),
    "date_range": lambda text, _slot, calendar: date_ranges(text, calendar),
    "duration": lambda text, _slot, _calendar: durations.durations(text),
    "email": lambda text, _slot, _calendar: emails(text),
    "number": lambda text, _slot, _calendar: numbers(text),
    "order_number": lambda text, _slot, _calendar: order_numbers(text),
    "regex": lambda text, slot, _calendar: patterned(text, slot.pattern or ""),
    "time": lambda text, _slot, _calendar: times(text),
}
#: Types so distinctive that they are found in any message, whatever the model says.
SELF_EVIDENT: frozenset[SlotType] = frozenset(("date", "date_range", "time", "count", "order_number", "email"))
#: Values of one kind that are read from a text; nobody tells more in an answer.
MAX_VALUES = 30
#: What a shorter reading may not cut out of: the 12 of "12 May" is no number.
_OCCUPYING: tuple[SlotType, ...] = ("date", "time", "amount", "duration", "email", "address", "order_number")
#: Types that are made of other types.
_PARTS: dict[SlotType, frozenset[SlotType]] = {"date_range": frozenset(("date", "duration"))}

_DEFAULT_ERRORS: dict[SlotType, str] = {
    "address": "I need an address with street, number, postcode and town.",
    "amount": "I need an amount of money, such as “20 euros” or “$49.99”.",
    "choice": "Please choose one of these: {choices}.",
    "count": "I need to know how many, such as “two”.",
    "date": "I need a day from today on, such as “tomorrow”, “next Friday” or “14 March”.",
    "date_range": "I need the first and the last day, such as “from 14 to 17 March”.",
    "duration": "I need a length of time, such as “three days” or “two hours”.",
    "email": "I need an e-mail address, such as name@example.com.",
    "number": "I need a number, such as “25” or “1,250.50”.",
    "order_number": "An order number looks like A-10432 or #558201.",
    "time": "I need a time of day, such as “15:00” or “half past 3”.",
}
_PAST_DATE = "I need a day up to today, such as “yesterday”, “last Friday” or “14 March”."


class SlotReader:
    """Reads values for the slots of one bot on one day."""

    def __init__(self, bot: Bot, today: date) -> None:
        self._bot = bot
        self._today = today
        self._seen: dict[tuple[SlotType, bool, str], list[Found]] = {}
        self._read: dict[tuple[str, str], list[Found]] = {}

    def read(self, name: str, text: str) -> list[Found]:
        """Every value of the slot in a text, those that are not meant marked as rejected; none of free text and cities."""
        key = name, text
        if key not in self._read:
            self._read[key] = self._values(self._bot.slots[name], text)
        return self._read[key]

    def _values(self, slot: Slot, text: str) -> list[Found]:
        if slot.type not in READERS:
            return []
        found = READERS[slot.type](text, slot, self._calendar(slot))[:MAX_VALUES]
        return judged(text, self._not_in_others(slot, text, found)) if found else []

    def value(self, name: str, text: str) -> str | None:
        """The text, taken as a value of the slot, in the form that is kept; ``None`` if it does not do, or names two."""
        slot = self._bot.slots[name]
        text = text.strip().strip(",;!，；！").strip()
        if slot.type in READERS:
            return self._only(name, self.read(name, text)) or (
                self._free(slot, text) if slot.type == "address" else None
            )
        return self._free(slot, text)

    def found(self, name: str, text: str) -> str | None:
        """The value of the slot somewhere in a message, if there is one, and only one."""
        return self._only(name, [one for one in self.read(name, text) if one.certainty > Certainty.ANSWER])

    def of_span(self, name: str, text: str, start: int, end: int) -> list[Found]:
        """The values that a span touches, each in its longest reading: of "tomorrow" in "the day after tomorrow" the latter."""
        kind = self._bot.slots[name].type
        found = [one for one in self.read(name, text) if one.overlaps(start, end)]
        if kind in READERS and kind != "address":
            alone = self.read(name, text[start:end]) if not found else []
            return found or [one.moved(start) for one in alone if one.certainty is Certainty.ANSWER]
        if any(one.end - one.start >= end - start for one in found):
            return found
        value = self.value(name, text[start:end])
        return [] if value is None else [Found(value, start, end)]

    def fits(self, name: str, value: str) -> bool:
        """Whether a value that was read is one that the slot takes: short enough, and on the right side of today."""
        slot = self._bot.slots[name]
        if len(value) > slot.max_length:
            return False
        if slot.type not in ("date", "date_range"):
            return True
        return all(self._calendar(slot).fits(date.fromisoformat(day)) for day in value.split("/"))

    def range_end(self, name: str, text: str) -> str | None:
        """Of a date in a text with one stretch of days: the end of it that the slot stands for, if the bot file says which."""
        ends = self.range_ends(name, text)
        return ends[0 if self._bot.slots[name].of_range == "start" else 1] if ends else None

    def range_ends(self, name: str, text: str) -> tuple[str, ...]:
        """Both ends of the one stretch of days that a text names, where the slot stands for one of them; else none."""
        slot = self._bot.slots[name]
        ranges = date_ranges(text, self._calendar(slot)) if slot.of_range is not None else []
        if len({one.value for one in ranges}) != 1:
            return ()
        return tuple(ranges[0].value.split("/")) if "/" in ranges[0].value else ()

    def error(self, name: str) -> tuple[str, ...]:
        """What to say when a value does not do; empty for types where nothing can be said but the question again."""
        slot = self._bot.slots[name]
        if slot.error or slot.type not in _DEFAULT_ERRORS:
            return slot.error
        if slot.type == "date" and slot.past:
            return (_PAST_DATE,)
        return (_DEFAULT_ERRORS[slot.type].replace("{choices}", ", ".join(slot.choices)),)

    def shown(self, name: str, value: str) -> str:
        """A kept value as a sentence shows it."""
        if self._bot.language != "en":
            return value
        kind = self._bot.slots[name].type
        if kind == "duration":
            return durations.spoken(value)
        return _spoken(value) if kind in ("date", "date_range") else value

    def _calendar(self, slot: Slot) -> Calendar:
        return Calendar(self._today, self._bot.settings.day_first, slot.past)

    def _only(self, name: str, found: list[Found]) -> str | None:
        values = {one.value for one in found if not one.rejected and self.fits(name, one.value)}
        return values.pop() if len(values) == 1 else None

    def _free(self, slot: Slot, text: str) -> str | None:
        if not text or len(text) > slot.max_length or not free_text.looks_like_an_answer(text):
            return None
        return free_text.city(text) if slot.type == "city" else free_text.tidy(text)

    def _not_in_others(self, slot: Slot, text: str, found: list[Found]) -> list[Found]:
        """Those that are no part of a longer value of another type, nor, if less sure, the same text as one."""
        others = [
            other
            for kind in _OCCUPYING
            if kind != slot.type and kind not in _PARTS.get(slot.type, ())
            for other in self._plain(kind, slot, text)
        ]
        return [one for one in found if not any(_belongs(one, other) for other in others)]

    def _plain(self, kind: SlotType, slot: Slot, text: str) -> list[Found]:
        """The sure values of a type that needs nothing of the slot but where its days lie; read once a turn."""
        key = (kind, slot.past, text)
        if key not in self._seen:
            found = READERS[kind](text, slot, self._calendar(slot))[:MAX_VALUES]
            self._seen[key] = [one for one in found if one.certainty is Certainty.PLAIN]
        return self._seen[key]


def _belongs(one: Found, other: Found) -> bool:
    longer = other.end - other.start > one.end - one.start
    return one.within(other) and (longer or one.certainty < other.certainty)


def _spoken(value: str) -> str:
    try:
        return " to ".join(spoken(date.fromisoformat(day)) for day in value.split("/"))
    except ValueError:  # the customer has no preference
        return value
