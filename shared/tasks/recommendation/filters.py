"""Which items may be offered, by their attributes: comparisons joined by ``and`` and ``or``, in the form of vector stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.errors import InvalidInput
from shared.tasks.recommendation.record import ItemRow

Holds = Callable[[ItemRow], bool]

#: Comparisons of one filter, and how deep they may be nested.
_MOST, _DEEPEST = 64, 8
_MOST_VALUES = 1_000

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda found, value: found == value,
    "ne": lambda found, value: found != value,
    "gt": lambda found, value: found > value,
    "gte": lambda found, value: found >= value,
    "lt": lambda found, value: found < value,
    "lte": lambda found, value: found <= value,
    "in": lambda found, value: found in value,
    "nin": lambda found, value: found not in value,
}
_OF_NUMBERS = ("gt", "gte", "lt", "lte")


def compiled(filters: Mapping[str, Any]) -> Holds:
    """A filter as a question to an item.

    Keys are the fields of ``meta``, and ``item_id``, ``title``, ``price``, ``category``: an item has a category if any of its is it.

    Raises:
        InvalidInput: It is none; ``param`` names the place.
    """
    left = [_MOST]
    return _compiled(filters, "filters", 0, left)


def _compiled(part: Any, place: str, depth: int, left: list[int]) -> Holds:
    left[0] -= 1
    if depth > _DEEPEST or left[0] < 0:
        raise InvalidInput(f"Invalid 'filters': more than {_MOST} parts, or nested too deeply.", param="filters")
    if not isinstance(part, Mapping):
        raise _wrong(place, 'must be an object such as {"type": "eq", "key": "category", "value": "shoes"}')
    kind = part.get("type")
    if kind in ("and", "or"):
        if part.keys() != {"type", "filters"} or not isinstance(part["filters"], list) or not part["filters"]:
            raise _wrong(place, f"'{kind}' needs a list of filters and nothing else")
        parts = [
            _compiled(one, f"{place}.filters[{number}]", depth + 1, left) for number, one in enumerate(part["filters"])
        ]
        joined = all if kind == "and" else any
        return lambda item: joined(holds(item) for holds in parts)
    return _comparison(part, place)


def _comparison(part: Mapping[str, Any], place: str) -> Holds:
    kind, key, value = str(part.get("type")), part.get("key"), part.get("value")
    if kind not in _COMPARE:
        raise _wrong(f"{place}.type", f"must be one of {', '.join(_COMPARE)}, and, or")
    if part.keys() != {"type", "key", "value"} or not isinstance(key, str):
        raise _wrong(place, "a comparison has a type, a key and a value")
    if (problem := _unlike(kind, value)) is not None:
        raise _wrong(f"{place}.value", problem)
    if key == "category":
        return _of_categories(kind, value, place)
    compare = _COMPARE[kind]

    def question(item: ItemRow) -> bool:
        found = _attribute(item, key)
        if found is None:
            return kind in ("ne", "nin")
        return (kind not in _OF_NUMBERS or _is_number(found)) and compare(found, value)

    return question


def _unlike(kind: str, value: object) -> str | None:
    """Why a value is none that can be compared with."""
    if kind in ("in", "nin"):
        fits = isinstance(value, list) and len(value) <= _MOST_VALUES and all(map(_is_plain, value))
        return None if fits else f"'{kind}' needs a list of at most {_MOST_VALUES} strings, numbers or truth values"
    fits = _is_number(value) if kind in _OF_NUMBERS else _is_plain(value)
    return None if fits else f"is nothing that '{kind}' can compare with"


def _of_categories(kind: str, value: Any, place: str) -> Holds:
    """An item has a category if any of its is it."""
    if kind in _OF_NUMBERS:
        raise _wrong(f"{place}.type", "categories have no order; use eq, ne, in or nin")
    negated, holds = kind in ("ne", "nin"), _COMPARE[{"ne": "eq", "nin": "in"}.get(kind, kind)]
    return lambda item: any(holds(one, value) for one in item.categories) != negated


def _attribute(item: ItemRow, key: str) -> Any:
    if key in ("item_id", "title", "price"):
        return getattr(item, key)
    return item.meta.get(key)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _wrong(place: str, message: str) -> InvalidInput:
    return InvalidInput(f"Invalid '{place}': {message}.", param=place)
