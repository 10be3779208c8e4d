from __future__ import annotations

import pytest

from shared.text.follow_ups import follows_up, goes_on


@pytest.mark.parametrize(
    "text",
    [
        *("and in red?", "how long does it take?", "how much is it?", "what about Spain?", "and to Japan?", "why?"),
        *("and how long does that take", "When will I get it?", "红色的呢？", "那要多久？"),
    ],
)
def test_what_names_no_matter_is_a_follow_up(text: str) -> None:
    assert follows_up(text)


@pytest.mark.parametrize(
    "text",
    [
        *("where is my order?", "how are you?", "what can you do?", "who are you?", "how much is delivery?"),
        *("and cancel my order A-1", "我的订单在哪里呢", "A-10432", "yes", "", "that is great"),
    ],
)
def test_what_stands_alone_is_none(text: str) -> None:
    assert not follows_up(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("and to Japan?", True),
        ("what about suitcases?", True),
        ("and in red", True),
        ("红色的呢？", True),
        ("and how much is it?", False),
        ("how long does it take?", False),
        ("and cancel order A-1 and the other one", False),
        ("", False),
    ],
)
def test_what_only_changes_the_object(text: str, expected: bool) -> None:
    assert goes_on(text) is expected
