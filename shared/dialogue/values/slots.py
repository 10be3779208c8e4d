"""Values of slots: found in what a customer says, checked, brought into one form, and shown again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from shared.bot.bot import Bot
from shared.bot.patterns import matches
from shared.bot.slot import Slot, SlotType
from shared.dialogue.values.dates import Calendar, spoken

#: Types so distinctive that they are found in any message, whatever the model says.
SELF_EVIDENT: frozenset[SlotType] = frozenset(("date", "order_number", "email"))

_DEFAULT_ERRORS: dict[SlotType, str] = {
    "choice": "Please choose one of these: {choices}.",
    "date": "I need a day from today on, such as “tomorrow”, “next Friday” or “14 March”.",
    "order_number": "An order number looks like A-10432 or #558201.",
    "amount": "I need an amount of money, such as “20 euros” or “$49.99”.",
    "email": "I need an e-mail address, such as name@example.com.",
}
_PAST_DATE = "I need a day up to today, such as “yesterday”, “last Friday” or “14 March”."

_ORDER_IN_TEXT = re.compile(r"(?<![\w#-])(?:#\d{3,12}|[a-z]{1,4}-\d{3,12}|\d{5,12})(?![\w-])", re.IGNORECASE | re.ASCII)
_ORDER_ALONE = re.compile(r"#?\s?(?:[a-z]{1,4}-?)?\d{3,12}", re.IGNORECASE | re.ASCII)
_CURRENCY = r"(?:[$€£¥]|(?:eur(?:os?)?|usd|dollars?|bucks?|gbp|pounds?|chf|francs?|jpy|yen|cny|yuan)\b)"
_AMOUNT = re.compile(rf"{_CURRENCY}\s?\d[\d.,]*|\d[\d.,]*(?:\s?{_CURRENCY})?", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_HAS_LETTER = re.compile(r"[^\W\d_]")
_NOT_IN_WORDS = re.compile(r"[^\w']+")


def in_words(text: str) -> str:
    """The text in lower case with one blank between words and nothing else: how phrases are compared."""
    return _NOT_IN_WORDS.sub(" ", text.casefold().replace("’", "'")).strip()


def says(words: str, phrase: str) -> bool:
    """Whether a message (``in_words``) means a phrase: one word must be all of it, several may stand anywhere in it."""
    wanted = in_words(phrase)
    return words == wanted or (" " in wanted and f" {wanted} " in f" {words} ")


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

    def found(self, name: str, text: str) -> str | None:
        """A value of the slot somewhere in a message; of types that a message can be searched for."""
        slot = self._bot.slots[name]
        if slot.type == "regex":
            words = (word.strip(".,;:!?()\"'") for word in text.split())
            return next((value for word in words if word and (value := self._pattern(slot, word))), None)
        if slot.type == "order_number":
            order = _ORDER_IN_TEXT.search(text)
            return self.value(name, order[0]) if order else None
        if slot.type == "email":
            address = _EMAIL.search(text)
            return self.value(name, address[0]) if address else None
        if slot.type in ("date", "choice", "amount"):
            return self._readers[slot.type](self, slot, text)
        return None

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
        calendar = Calendar(self._today, self._bot.settings.day_first, slot.past)
        day = calendar.find(text)
        fits = day is not None and (day <= self._today if slot.past else day >= self._today)
        return day.isoformat() if day is not None and fits else None

    def _order_number(self, _slot: Slot, text: str) -> str | None:
        text = text.rstrip(".?")
        return text.lstrip("# ").upper() if _ORDER_ALONE.fullmatch(text) else None

    def _amount(self, _slot: Slot, text: str) -> str | None:
        amount = _AMOUNT.search(text)
        return amount[0].rstrip(".,") if amount else None

    def _email(self, _slot: Slot, text: str) -> str | None:
        return text.lower() if _EMAIL.fullmatch(text) else None

    def _choice(self, slot: Slot, text: str) -> str | None:
        words = f" {in_words(text)} "
        wordings = ((value, in_words(wording)) for value, also in slot.choices.items() for wording in (value, *also))
        longest_first = sorted(wordings, key=lambda pair: -len(pair[1]))
        return next((value for value, wording in longest_first if f" {wording} " in words), None)

    def _pattern(self, slot: Slot, text: str) -> str | None:
        return text.upper() if slot.pattern is not None and matches(slot.pattern, text) else None

    _readers: dict[SlotType, Callable[[SlotReader, Slot, str], str | None]] = {  # noqa: RUF012  # a table, never changed
        "text": _text,
        "choice": _choice,
        "date": _date,
        "order_number": _order_number,
        "amount": _amount,
        "city": _city,
        "email": _email,
        "regex": _pattern,
    }


def _spoken(value: str) -> str:
    try:
        return spoken(date.fromisoformat(value))
    except ValueError:  # the customer has no preference
        return value
