"""JSON of which each object has each key once; of a key that stands there twice, Python's own parser silently keeps the last."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any


class RepeatedKey(ValueError):
    """An object has a key twice.

    Attributes:
        place: Where it stands, e.g. ``entities[0].start``.
    """

    def __init__(self, place: str) -> None:
        super().__init__("stands there twice; keep one of them")
        self.place = place


class _Repeated(dict[str, Any]):
    """An object with a key twice, on its way to being refused: only the whole document tells its place."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs)
        self.key = next(key for key, count in counts.items() if count > 1)


def parsed(text: str | bytes) -> Any:
    """What the JSON text says.

    Raises:
        RepeatedKey: An object has a key twice.
        ValueError: It is no JSON, or holds a number too long.
        RecursionError: It is nested too deep.
    """
    repeated = False

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        repeated = True
        return _Repeated(pairs)

    document = json.loads(text, object_pairs_hook=once)
    if repeated:
        raise RepeatedKey(_place(document) or "")
    return document


def _place(value: object, place: str = "") -> str | None:
    """The outermost of the repeated keys: what lies within another one may be gone with the value that was not kept."""
    if isinstance(value, _Repeated):
        return f"{place}.{value.key}" if place else value.key
    inside: list[tuple[str, object]] = []
    if isinstance(value, dict):
        inside = [(f"{place}.{key}" if place else key, item) for key, item in value.items()]
    if isinstance(value, list):
        inside = [(f"{place}[{index}]", item) for index, item in enumerate(value)]
    return next((found for where, item in inside if (found := _place(item, where)) is not None), None)
