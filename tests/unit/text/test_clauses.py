from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.clauses import MAX_CLAUSES, clauses, word_count


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("where is my order A-1 and can I get an invoice?", ["where is my order A-1", "can I get an invoice?"]),
        ("I want to return my shoes and cancel my flight", ["I want to return my shoes", "cancel my flight"]),
        ("What are your hours, and do you ship to Norway?", ["What are your hours", "do you ship to Norway?"]),
        ("It is broken. I want my money back! Thanks", ["It is broken.", "I want my money back! Thanks"]),
        ("我的订单在哪里，能开发票吗？", ["我的订单在哪里", "能开发票吗？"]),
        ("我的订单在哪里？另外能开发票吗", ["我的订单在哪里？", "另外能开发票吗"]),
        ("hi, where is my order? A-10432", ["where is my order? A-10432"]),
        ("你好，我的订单在哪里", ["我的订单在哪里"]),
        ("hello", []),
        ("hello there!", []),
        ("a flight from Berlin to Rome and Paris", []),
        ("a hotel in Rome and a flight from Berlin", ["a hotel in Rome", "a flight from Berlin"]),
        ("12 Baker Street, 10115 Berlin", []),
        ("yes, and also cancel my other order", []),
        ("it was 3.50 euros", []),
        ("where is it? " * (MAX_CLAUSES + 1), []),
        ("", []),
    ],
)
def test_clauses(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in clauses(text)] == found


@given(st.text(alphabet="ab .,?!和，。and can\n", max_size=80))
def test_clauses_are_in_order_and_do_not_overlap(text: str) -> None:
    spans = clauses(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("?!", 0), ("order A-10432", 2), ("don't", 1), ("订单", 1), ("我的订单", 2)]
)
def test_words(text: str, count: int) -> None:
    assert word_count(text) == count
