"""Patterns of a bot file can be trusted with any value."""

from __future__ import annotations

import time

import pytest

from shared.bot.patterns import MAX_VALUE, check_pattern, matches


@pytest.mark.parametrize(
    "pattern", [r"(?=.*\d)[A-Z0-9]{6}", r"\d{3,5}", r"(?:DE|AT)-\d+", r"[(*)+]{2}", r"a\)*", "|".join("abcdefghij" * 5)]
)
def test_good_patterns(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a+)+b", "repeated group"),
        ("(a|aa){10,}", "repeated group"),
        ("(?:a*)*", "repeated group"),
        ("a*a*a*a*b", "open repetitions"),
        ("a?" * 30 + "a" * 30, "choices"),
        ("(a|a)" * 20 + "b", "choices"),
        ("a{0,60}" * 4 + "b", "wide counts"),
        ("[a-", "not a regular expression"),
        ("(", "not a regular expression"),
        ("a{99999999999}", "not a regular expression"),
        ("x" * 201, "longer than"),
    ],
)
def test_patterns_that_are_refused(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_pattern(pattern)


def test_the_slowest_admitted_pattern_is_quick() -> None:
    pattern = "a*a*a*b"
    check_pattern(pattern)
    started = time.perf_counter()
    assert not matches(pattern, "a" * MAX_VALUE)
    assert time.perf_counter() - started < 0.5


def test_the_whole_value_must_match() -> None:
    assert matches(r"[A-Z]{2}\d", "ab1")
    assert not matches(r"[A-Z]{2}\d", "ab12")
    assert not matches(r".*", "a" * (MAX_VALUE + 1))
