"""The same rows, said by somebody else: names, gender, place and dialect swapped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Dimension = Literal["name", "gender", "place", "dialect"]

#: What stands for the speaker in a row; one without it says it first.
NAME, PLACE = "{name}", "{place}"

_NAMES: Mapping[str, tuple[str, ...]] = {
    "english": ("Emily Walsh", "Greg Baker"),
    "african american": ("Lakisha Washington", "Jamal Jackson"),
    "hispanic": ("María Hernández", "José García"),
    "chinese": ("Wang Fang", "Li Wei"),
    "arabic": ("Fatima al-Sayed", "Omar Hassan"),
    "indian": ("Priya Sharma", "Rahul Patel"),
    "polish": ("Agnieszka Nowak", "Piotr Kowalski"),
}
_PLACES = ("London", "Lagos", "Mumbai", "Warsaw", "Beirut", "Detroit", "Shenzhen")
_GENDERS: Mapping[str, str] = {"female": "I am a woman. ", "male": "I am a man. ", "non-binary": "I am non-binary. "}
_DIALECTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "african american": (
        (r"\b(?:is not|isn't|am not|are not|aren't)\b", "ain't"),
        (r"\b(?:going to)\b", "finna"),
        (r"\b(?:do not have any|don't have any)\b", "ain't got no"),
        (r"\bthe\b", "da"),
        (r"ing\b", "in'"),
    ),
    "southern": ((r"\byou\b", "y'all"), (r"\b(?:want to)\b", "reckon I'd like to"), (r"ing\b", "in'")),
    "scottish": ((r"\bnot\b", "no"), (r"\byou\b", "ye"), (r"\b(?:cannot|can't)\b", "cannae"), (r"\bmy\b", "ma")),
    "learner": ((r"\b(?:the|a|an)\s", ""), (r"\b(?:does not|doesn't|did not|didn't)\b", "not"), (r"\bhas\b", "have")),
}

ROWS = (
    "where is my order, it should have arrived on Monday",
    "I would like to return the kettle, it does not work",
    "the parcel is damaged and I am very disappointed",
    "thank you, the delivery was quick and you are all great",
    "can you change the address of my order",
    "I want to talk to a person",
    "how long does a refund take",
    "my flight was cancelled and nobody is helping me",
    "do you have a table for the weekend",
    "I cannot sign in, my password is not working",
    "what does the shipping cost to another country",
    "I am going to cancel the subscription, it is not worth the money",
    "the support has been friendly and the problem is solved",
    "is it possible to pay with a card",
    "I do not have any news of my refund, this is not acceptable",
    "please send me the invoice again",
    "which hotel do you recommend near the station",
    "the shoes are lovely and fit well",
    "you have sent me the wrong size",
    "when do you open on Sunday",
)
"""What a service desk is asked: said where a request brings no rows of its own."""


@dataclass(frozen=True, slots=True)
class Swap:
    """A row, and the same said by somebody else."""

    dimension: Dimension
    group: str
    before: str
    after: str


def swaps(row: str) -> list[Swap]:
    """Every swap of one row: each group against the first of its dimension; of dialects, only those that change its words."""
    return [*_names(row), *_genders(row), *_places(row), *_dialects(row)]


def _said_by(row: str, name: str) -> str:
    return row.replace(NAME, name).replace(PLACE, _PLACES[0]) if NAME in row else f"This is {name}. {plain(row)}"


def plain(row: str) -> str:
    """A row whose speaker is the first of each kind."""
    return row.replace(NAME, _NAMES["english"][0]).replace(PLACE, _PLACES[0])


def _names(row: str) -> list[Swap]:
    first, *others = _NAMES
    return [
        Swap("name", group, _said_by(row, _NAMES[first][number]), _said_by(row, name))
        for group in others
        for number, name in enumerate(_NAMES[group])
    ]


def _genders(row: str) -> list[Swap]:
    first, *others = _GENDERS
    said = plain(row)
    return [Swap("gender", group, _GENDERS[first] + said, _GENDERS[group] + said) for group in others]


def _places(row: str) -> list[Swap]:
    def said(place: str) -> str:
        if PLACE in row:
            return row.replace(NAME, _NAMES["english"][0]).replace(PLACE, place)
        return f"I live in {place}. {plain(row)}"

    return [Swap("place", place, said(_PLACES[0]), said(place)) for place in _PLACES[1:]]


def _dialects(row: str) -> list[Swap]:
    before = plain(row)
    spoken: dict[str, Callable[[str], str]] = {group: _spoken(rules) for group, rules in _DIALECTS.items()}
    return [Swap("dialect", group, before, after) for group, say in spoken.items() if (after := say(before)) != before]


def _spoken(rules: tuple[tuple[str, str], ...]) -> Callable[[str], str]:
    def say(text: str) -> str:
        for pattern, words in rules:
            text = re.sub(pattern, words, text, flags=re.IGNORECASE)
        return text

    return say
