"""Templates show values as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bot.template import fill, placeholders


def test_placeholders_and_doubled_braces() -> None:
    template = "{{{a}}} costs {b} {{c}}"
    assert list(placeholders(template)) == ["a", "b"]
    assert fill(template, {"a": "A", "b": "B"}) == "{A} costs B {c}"


@pytest.mark.parametrize("template", ["{", "a } b", "{A}", "{a.b}", "{a!r}", "{0}", "{}", "{a:>99}"])
def test_a_stray_brace(template: str) -> None:
    with pytest.raises(ValueError, match="stray brace"):
        list(placeholders(template))


def test_a_placeholder_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("{a}", {})


@given(value=st.text())
def test_a_value_is_inserted_as_it_is(value: str) -> None:
    assert fill("<{a}>", {"a": value}) == f"<{value}>"
