"""Which column holds which field: by what a person says, by name, and by likeness."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from typing import Literal

from shared.errors import InvalidInput
from shared.importing.content import Content
from shared.importing.options import ImportOptions
from shared.importing.spans import are_spans
from shared.importing.targets import SHAPES, TARGETS, Shape
from shared.importing.unreadable import Unreadable
from shared.importing.values import SENTIMENT_WORDS, are_messages, as_label, from_json

How = Literal["map", "name", "synonym", "likeness", "values"]

_HOW: tuple[How, ...] = ("name", "synonym", "name", "synonym", "likeness")
"""By strength; the third and fourth are names within a structure, such as ``data.text``."""

_LIKENESS = len(_HOW) - 1

#: Likeness of two names of about the same length from which one is taken for a slip of the other.
_ALIKE = 0.8
#: Characters of a column's name from which it is a text, and like nothing.
_MAX_NAME = 80
#: Rows of which the values are looked at.
_LOOKED_AT = 1000


class UnclearColumn(InvalidInput):
    """Nobody but a person can tell which column holds a field.

    Attributes:
        target: The field.
        candidates: Columns that it may be, the likeliest first.
    """

    def __init__(self, message: str, target: str, candidates: Sequence[str]) -> None:
        super().__init__(message, param="map")
        self.target = target
        self.candidates = tuple(candidates)

    @property
    def example(self) -> str:
        """What could be said to make it clear; empty if no column is left."""
        return f"{self.target}={self.candidates[0]}" if self.candidates else ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that holds a field, and how that was found."""

    name: str
    how: How


@dataclass(frozen=True, slots=True)
class Understood:
    """What the columns of a file are.

    Attributes:
        task: What its rows are for.
        columns: By field.
    """

    task: str
    columns: Mapping[str, Column]

    @property
    def shape(self) -> Shape:
        """The rows of the task."""
        return SHAPES[self.task]


def understood(content: Content, options: ImportOptions) -> Understood:
    """Find the columns.

    Raises:
        UnclearColumn: Two columns fit a field alike, or none fits a field that is needed.
        InvalidInput: The map names a column that the file does not have.
    """
    mapped = {target: _named(content, name) for target, name in options.columns.items() if name}
    task = options.task or _task(content, mapped)
    shape = SHAPES[task]
    wrong = next((target for target in options.columns if target not in shape.fields), None)
    if wrong is not None:
        raise InvalidInput(f"Rows of {task} have no {wrong!r}: they have {', '.join(shape.fields)}.", param="map")
    found = {target: Column(name, "map") for target, name in mapped.items()}
    strengths = _strengths(content, shape)
    if task == "nlu":
        _by_values(content, strengths, found, set(options.columns))
    _find(content, shape, strengths, found, set(options.columns))
    _refuse_missing(content, shape, found)
    return Understood(task, found)


def _named(content: Content, name: str) -> str:
    """The column that a person means."""
    if name in content.columns:
        return name
    alike = [column for column in content.columns if folded(column) == folded(name)]
    if len(alike) != 1:
        raise InvalidInput(f"The file has no column {name!r}: it has {_listed(content.columns)}.", param="map")
    return alike[0]


def _task(content: Content, mapped: Mapping[str, str]) -> str:
    """The first task whose fields are all there, what is not told being there under exactly our name; else rows of the usual kind."""
    here = {*mapped, *(folded(column) for column in content.columns)}
    if content.task and mapped.keys() <= SHAPES[content.task].fields.keys():
        return content.task
    fitting = (
        name
        for name, shape in SHAPES.items()
        if not shape.told and not here & set(shape.unless) and mapped.keys() <= shape.fields.keys()
        if all(any(field in here or folded(field) in here for field in group) for group in shape.needed)
        if "messages" not in shape.fields or _holds_messages(content)
    )
    usual = (name for name in ("nlu", "text_classification", *SHAPES) if mapped.keys() <= SHAPES[name].fields.keys())
    return next(fitting, None) or next(usual, "nlu")


def _holds_messages(content: Content) -> bool:
    """Whether a column of messages has conversations; a sheet may call its texts so too."""
    column = next((column for column in content.columns if folded(column) == "messages"), None)
    return column is None or any(
        are_messages(cells[column]) for _, cells in islice(content.records, _LOOKED_AT) if column in cells
    )


_Strengths = Mapping[tuple[str, str], int]
"""How surely a column holds a field, by field and column: 0 is the surest. Where nothing speaks for it, it is not there."""


def _strengths(content: Content, shape: Shape) -> _Strengths:
    return {
        (target, column): strength
        for target in shape.fields
        for column in content.columns
        if (strength := _strength(target, column, shape)) is not None
    }


def _find(content: Content, shape: Shape, strengths: _Strengths, found: dict[str, Column], told: set[str]) -> None:
    """Add the columns that names and likeness tell, the surest first."""
    taken = {column.name for column in found.values()}
    for level, how in enumerate(_HOW):
        for target in shape.fields:
            if target in found or target in told:
                continue
            fitting = [
                column for column in content.columns if column not in taken and strengths.get((target, column)) == level
            ]
            if len(fitting) > 1:
                raise UnclearColumn(f"{_listed(fitting)} may all be {target!r}.", target, fitting)
            if fitting:
                found[target] = Column(fitting[0], how)
                taken.add(fitting[0])


def _strength(target: str, column: str, shape: Shape) -> int | None:
    synonyms = {folded(name) for name in (*TARGETS[target], *(shape.first_of_pair if target == "text" else ()))}
    synonyms -= {folded(other) for other in shape.fields if other != target}
    ours, theirs, inner = folded(target), folded(column), folded(column.rpartition(".")[2])
    exact = [theirs == ours, theirs in synonyms, inner == ours, inner in synonyms]
    if any(exact):
        return exact.index(True)
    if len(column) > _MAX_NAME or theirs in map(folded, TARGETS):  # another field's own name is no slip of this one's
        return None
    names = {ours, *synonyms}
    words = {folded(word) for word in re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column))}
    if words & names or any(not name.isascii() and len(name) > 1 and name in theirs for name in names):
        return _LIKENESS
    near = [name for name in names if abs(len(name) - len(theirs)) <= 1 and len(theirs) > 3]
    return _LIKENESS if any(SequenceMatcher(None, name, theirs).ratio() >= _ALIKE for name in near) else None


def folded(name: str) -> str:
    """A name without case, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def _by_values(content: Content, strengths: _Strengths, found: dict[str, Column], told: set[str]) -> None:
    """A column called ``label`` may hold intents, spans or sentiments; its values tell the latter two."""
    for column in content.columns:
        if strengths.get(("intent", column), 0) == 0 or any(column == one.name for one in found.values()):
            continue
        values = [cells[column] for _, cells in islice(content.records, _LOOKED_AT) if column in cells]
        if any(are_spans(from_json(value)) for value in values):
            target = "entities"
        elif values and all(_is_sentiment(value) for value in values):
            target = "sentiment"
        else:
            continue
        has_its_own = any(strengths.get((target, other), _LIKENESS) < _LIKENESS for other in content.columns)
        if target not in found and target not in told and not has_its_own:
            found[target] = Column(column, "values")


def _is_sentiment(value: object) -> bool:
    try:
        return as_label(value).casefold() in SENTIMENT_WORDS
    except Unreadable:
        return False


def _refuse_missing(content: Content, shape: Shape, found: Mapping[str, Column]) -> None:
    for group in shape.needed:
        if any(target in found for target in group):
            continue
        used = {column.name for column in found.values()}
        left = _likeliest([column for column in content.columns if column not in used], content, shape.fields[group[0]])
        wanted = " or ".join(map(repr, group))
        raise UnclearColumn(
            f"No column is recognised as {wanted}: the file has {_listed(content.columns)}.", group[0], left
        )


def _likeliest(columns: Sequence[str], content: Content, reading: str) -> list[str]:
    """The columns that may be meant, those first whose values look like it: long ones for texts, few different ones for labels."""
    values: dict[str, list[str]] = {column: [] for column in columns}
    for _, cells in islice(content.records, _LOOKED_AT):
        for column in columns:
            if column in cells:
                values[column].append(str(cells[column]))

    def unlikely(column: str) -> float:
        found = values[column]
        if not found:
            return math.inf
        return -sum(map(len, found)) / len(found) if reading == "text" else len(set(found)) / len(found)

    return sorted(columns, key=unlikely)


def _listed(names: Sequence[str]) -> str:
    shown = [repr(name if len(name) <= 60 else name[:57] + "…") for name in names[:20]]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(shown) + more if names else "no columns"
