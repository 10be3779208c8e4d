"""Lists of JSON objects, wherever in an answer they stand. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic_core import from_json

from shared.contracts.monitoring.streams import FieldName
from shared.errors import InvalidInput

_FIELDS: tuple[FieldName, ...] = get_args(FieldName)


def at(value: Any, path: str) -> Any:
    """What stands at ``a.b.0.c``; ``None`` if nothing does; the empty path is the whole."""
    for step in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def parsed(body: bytes) -> Any:
    """The document.

    Raises:
        InvalidInput: It is no JSON.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidInput(f"What came is no JSON: {error}.") from None


def items_of(document: Any, path: str, fields: Mapping[FieldName, str]) -> Iterator[Mapping[str, object]]:
    """The items at ``path``, their fields taken from where ``fields`` says, or from their own names.

    Raises:
        InvalidInput: There is no list.
    """
    found = at(document, path)
    if not isinstance(found, list):
        raise InvalidInput(f"There is no list at {path or 'the top'!r} of what came.")
    for item in found:
        yield {name: at(item, fields.get(name, name)) for name in _FIELDS}
