"""Names that a model found, beside those of the watch-list."""

from __future__ import annotations

from typing import Any

from services.monitoring.reading.finder import with_found
from services.monitoring.reading.watch_list import Mention

TEXT = "Nordwind AG sues  Kestrel Ltd in Hamburg"


def span(text: str, confidence: float = 0.9) -> dict[str, Any]:
    start = TEXT.index(text)
    return {"start": start, "end": start + len(text), "label": "org", "text": text, "confidence": confidence}


def test_the_watch_list_wins_where_both_find_something() -> None:
    listed = [Mention("Nordwind", 0, 8)]
    found = with_found(TEXT, listed, {"entities": [span("Nordwind AG"), span("Kestrel Ltd"), span("Hamburg", 0.3)]})
    assert found == [Mention("Nordwind", 0, 8), Mention("Kestrel Ltd", 18, 29)]


def test_names_are_one_line_and_as_many_as_make_sense() -> None:
    long = "A" * 3000 + "\n" + "B"
    many = {"entities": [{"start": at, "end": at + 2, "confidence": 0.9} for at in range(0, 3000, 3)]}
    assert len(with_found(long, [], many)) == 20
    (one,) = with_found(long, [], {"entities": [{"start": 2990, "end": 3002, "confidence": 0.9}]})
    assert one.entity == "A" * 10 + " B"
    assert with_found(long, [], {}) == []
    blank = {"entities": [{"start": 3000, "end": 3001, "confidence": 0.9}]}
    assert with_found(long, [], blank) == []
