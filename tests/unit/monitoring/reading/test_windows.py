from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.monitoring.reading.watch_list import WatchList
from services.monitoring.reading.windows import MAX_WINDOWS, about, windows
from shared.contracts.monitoring.streams import Watched

NAMES = WatchList((Watched(name="Nordwind"), Watched(name="Kestrel"), Watched(name="海川"), Watched(name="金石")))


def said_of(text: str, entity: str) -> list[str]:
    return [text[window.start : window.end] for window in about(text, entity, NAMES.find(text))]


@pytest.mark.parametrize(
    ("text", "entity", "said"),
    [
        ("Nordwind soars while Kestrel sinks on weak sales", "Nordwind", ["Nordwind soars"]),
        ("Nordwind, Kestrel and 海川 fall by a third", "Nordwind", ["Nordwind, Kestrel and 海川 fall by a third"]),
        ("Nordwind shares soar while Kestrel sinks on weak sales", "Nordwind", ["Nordwind shares soar"]),
        ("Nordwind shares soar while Kestrel sinks on weak sales", "Kestrel", ["while Kestrel sinks on weak sales"]),
        ("Nordwind soars by a third. Kestrel fails.", "Kestrel", ["Kestrel fails."]),
        ("Nordwind gains after strong results, its best day ever, but Kestrel drops sharply", "Nordwind",
         ["Nordwind gains after strong results, its best day ever,"]),
        ("海川大涨创新高，金石亏损扩大", "金石", ["金石亏损扩大"]),
        ("Nordwind and Kestrel sign a pact", "Kestrel", ["Nordwind and Kestrel sign a pact"]),
        ("Nordwind Inc. rises and Kestrel too", "Nordwind", ["Nordwind Inc. rises and Kestrel too"]),
    ],
)  # fmt: skip
def test_what_is_said_of_one_is_told_from_what_is_said_of_another(text: str, entity: str, said: list[str]) -> None:
    assert said_of(text, entity) == said


def test_short_texts_are_one_window_and_long_ones_sentences() -> None:
    assert [(one.start, one.end) for one in windows("Gold rises. Silver too.")] == [(0, 23)]
    text = " ".join(f"Sentence number {number} says that the market has moved a little." for number in range(20))
    found = [text[one.start : one.end] for one in windows(text)]
    assert len(found) > 3
    assert all(one.startswith("Sentence") and one.endswith(".") for one in found)
    assert len(windows("长" * 5000)) == MAX_WINDOWS


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=" .!\n，。aB中", max_size=300))
def test_windows_follow_each_other_and_lose_no_letter(text: str) -> None:
    found = windows(text)
    assert all(before.end <= after.start for before, after in pairwise(found))
    kept = "".join(text[one.start : one.end] for one in found)
    assert [letter for letter in kept if letter.isalpha()] == [letter for letter in text if letter.isalpha()]
