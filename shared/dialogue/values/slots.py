"""Values of slots: found in what a customer says, checked, brought into one form, and shown again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date

from shared.bot.bot import Bot
from shared.bot.patterns import matches
from shared.bot.slot import Slot, SlotType
from shared.dialogue.values.addresses import address
from shared.dialogue.values.amounts import amounts
from shared.dialogue.values.choices import choices
from shared.dialogue.values.dates import Calendar, spoken
from shared.dialogue.values.emails import emails
from shared.dialogue.values.found import Found, distinct
from shared.dialogue.values.order_numbers import order_number, order_numbers

#: Types so distinctive that they are found in any message, whatever the model says.
SELF_EVIDENT: frozenset[SlotType] = frozenset(("date", "order_number", "email"))

_DEFAULT_ERRORS: dict[SlotType, str] = {
    "choice": "Please choose one of these: {choices}.",
    "date": "I need a day from today on, such as “tomorrow”, “next Friday” or “14 March”.",
    "order_number": "An order number looks like A-10432 or #558201.",
    "amount": "I need an amount of money, such as “20 euros” or “$49.99”.",
    "email": "I need an e-mail address, such as name@example.com.",
    "address": "I need street, number, postcode and town, such as 12 Baker Street, 10115 Berlin.",
}
_PAST_DATE = "I need a day up to today, such as “yesterday”, “last Friday” or “14 March”."

#: What a message is searched for, by the type of the slot, where nothing but the text decides.
_SEARCHES: dict[SlotType, Callable[[str], list[Found]]] = {
    "order_number": order_numbers,
    "email": emails,
    "amount": amounts,
}

_WORDS = re.compile(r"\S+")
_AROUND = ".,;:!?()\"'"
_HAS_LETTER = re.compile(r"[^\W\d_]")


class SlotReader:
    """Reads values for the slots of one bot on one day."""

    def __init__(self, bot: Bot, today: date) -> None:
        self._bot = bot
        self._today = today

    def value(self, name: str, text: str) -> str | None:
        """The text, taken as a value of the slot, in the form that is kept; ``None`` if it does not do."""
        slot = self._bot.slots[name]
        text = text.strip().strip(",;!").strip()
        if not text or len(text) > slot.max_length:
            return None
        return self._readers[slot.type](self, slot, text)

    def all(self, name: str, text: str) -> list[Found]:
        """Every value of the slot in a message, in the order they stand there; of types that a message can be searched for."""
        slot = self._bot.slots[name]
        if slot.type == "date":
            return [day for day in self._calendar(slot).all(text) if self._fits(slot, date.fromisoformat(day.value))]
        if slot.type == "choice":
            return choices(text, slot.choices)
        if slot.type == "regex":
            return self._patterns(slot, text)
        if slot.type == "address":
            whole = address(text)
            return [Found(whole, 0, len(text))] if whole is not None and len(whole) <= slot.max_length else []
        search = _SEARCHES.get(slot.type)
        return search(text) if search is not None else []

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
        if self._bot.slots[name].type == "date" and self._bot.language == "en":
            return _spoken(value)
        return value

    def _text(self, _slot: Slot, text: str) -> str | None:
        return " ".join(text.rstrip(".?").split()) or None

    def _city(self, slot: Slot, text: str) -> str | None:
        city = self._text(slot, text)
        if city is None or not _HAS_LETTER.search(city) or any(sign.isdigit() for sign in city):
            return None
        return city.title() if city.islower() else city

    def _date(self, slot: Slot, text: str) -> str | None:
        day = self._calendar(slot).find(text)
        return day.isoformat() if day is not None and self._fits(slot, day) else None

    def _calendar(self, slot: Slot) -> Calendar:
        return Calendar(self._today, self._bot.settings.day_first, slot.past)

    def _fits(self, slot: Slot, day: date) -> bool:
        return day <= self._today if slot.past else day >= self._today

    def _order_number(self, _slot: Slot, text: str) -> str | None:
        return order_number(text)

    def _address(self, _slot: Slot, text: str) -> str | None:
        return address(text)

    def _amount(self, _slot: Slot, text: str) -> str | None:
        return _only(amounts(text))

    def _email(self, _slot: Slot, text: str) -> str | None:
        found = emails(text)
        return found[0].value if found and (found[0].start, found[0].end) == (0, len(text)) else None

    def _choice(self, slot: Slot, text: str) -> str | None:
        return _only(choices(text, slot.choices))

    def _pattern(self, slot: Slot, text: str) -> str | None:
        return text.upper() if slot.pattern is not None and matches(slot.pattern, text) else None

    def _patterns(self, slot: Slot, text: str) -> list[Found]:
        words = (
            (word[0].strip(_AROUND), word.start() + len(word[0]) - len(word[0].lstrip(_AROUND)))
            for word in _WORDS.finditer(text)
        )
        return [
            Found(value, start, start + len(word))
            for word, start in words
            if word and (value := self._pattern(slot, word)) is not None
        ]

    _readers: dict[SlotType, Callable[[SlotReader, Slot, str], str | None]] = {  # noqa: RUF012  # a table, never changed
        "text": _text,
        "choice": _choice,
        "date": _date,
        "order_number": _order_number,
        "amount": _amount,
        "address": _address,
        "city": _city,
        "email": _email,
        "regex": _pattern,
    }


def _spoken(value: str) -> str:
    try:
        return spoken(date.fromisoformat(value))
    except ValueError:  # the customer has no preference
        return value


def _only(found: Sequence[Found]) -> str | None:
    """The value, where all that was found is one."""
    values = distinct(found)
    return values[0] if len(values) == 1 else None
