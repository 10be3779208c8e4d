"""Records as typed rows: the fields that several tasks share, and one parser for all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, PlainValidator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from shared.rows.problems import Faulty, Problem, kind, label_problem, text_problem

RowT = TypeVar("RowT")

STRICT = ConfigDict(extra="forbid")
"""Of every row: a field that nobody knows is a slip."""

#: Labels of one row.
_MAX_LABELS = 100


def fault(message: str) -> PydanticCustomError:
    """What is wrong with a field, in words of ours; raised by a validator."""
    return PydanticCustomError("fault", "{message}", {"message": message})


def _text(value: object) -> str:
    problem = "missing; every row needs it" if value is None else text_problem(value)
    if problem is not None:
        raise fault(problem)
    return str(value)


def _label(value: object) -> str | None:
    if value is None:
        return None
    problem = label_problem(value)
    if problem is not None:
        raise fault(problem)
    return str(value)


def _labels(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise fault(f"must be a list of labels, not {kind(value)}")
    if len(value) > _MAX_LABELS:
        raise fault(f"{len(value)} labels; a row may have {_MAX_LABELS} at most")
    for number, label in enumerate(value):
        problem = "null; name the label" if label is None else label_problem(label)
        if problem is not None:
            raise fault(f"entry {number}: {problem}")
    if len(set(value)) < len(value):
        raise fault("a label is there twice; keep one")
    return tuple(value)


Text = Annotated[str, PlainValidator(_text)]
"""A text that somebody can read."""
Label = Annotated[str | None, PlainValidator(_label)]
"""The name of a label, or none."""
Labels = Annotated[tuple[str, ...] | None, PlainValidator(_labels)]
"""Names of labels; an empty list says that the text has none of them."""


def parser(row: type[RowT], example: str) -> Callable[[object], RowT]:
    """What makes rows of parsed records, and raises ``Faulty`` with every problem of one that is none.

    Args:
        row: A dataclass of pydantic.
        example: A record, as the user would write it.
    """
    adapter = TypeAdapter(row)
    names = [field.name for field in dataclasses.fields(row)]  # type: ignore[arg-type]  # a dataclass, as said above

    def parse(record: object) -> RowT:
        if not isinstance(record, Mapping):
            raise Faulty([("", f"a row must be a JSON object such as {example}, not {kind(record)}")])
        try:
            return adapter.validate_python(dict(record))
        except ValidationError as error:
            raise Faulty([_problem(found, names) for found in error.errors(include_url=False)]) from None

    return parse


def _problem(error: Mapping[str, Any], names: Sequence[str]) -> Problem:
    place = _place(error["loc"])
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return place, f"unknown field; use only {', '.join(names)}"
    if error["type"] == "missing":
        return place, "missing; every row needs it"
    return place, str(error["msg"])


def _place(location: Sequence[str | int]) -> str:
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    return place
