"""Names that a model of token classification finds, beside those of the watch-list. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.monitoring.reading.watch_list import Mention

#: Of one document: what finds more is no finder.
_MAX_FOUND = 20
_MAX_NAME = 100
#: From which confidence on.
_SURE = 0.5


def with_found(text: str, listed: Sequence[Mention], answer: Mapping[str, Any]) -> list[Mention]:
    """The mentions of a text in order: those of the watch-list, and where it has none those that a model found.

    Args:
        text: Whose they are.
        listed: Of the watch-list: it knows what names mean the same, and wins.
        answer: Of the model: ``entities`` with ``start``, ``end`` and ``confidence``.
    """
    found = list(listed)
    for one in answer.get("entities", [])[: 10 * _MAX_FOUND]:
        start, end = int(one["start"]), int(one["end"])
        name = " ".join(text[start:end].split())[:_MAX_NAME]
        overlaps = any(start < other.end and other.start < end for other in found)
        if name and not overlaps and one["confidence"] >= _SURE:
            found.append(Mention(name, start, end))
        if len(found) >= len(listed) + _MAX_FOUND:
            break
    return sorted(found, key=lambda one: (one.start, one.end))
