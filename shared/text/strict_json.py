"""JSON of which each object has each key once; of a key that stands there twice, Python's own parser silently keeps the last."""

from __future__ import annotations

import json
from typing import Any


class RepeatedKey(ValueError):
    """An object has a key twice.

    Attributes:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        super().__init__("stands there twice; keep one of them")
        self.key = key


def parsed(text: str | bytes) -> Any:
    """What the JSON text says.

    Raises:
        RepeatedKey: An object has a key twice.
        ValueError: It is no JSON, or holds a number too long.
        RecursionError: It is nested too deep.
    """
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        raise RepeatedKey(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found
