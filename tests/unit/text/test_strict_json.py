"""A key that stands there twice is told with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.strict_json import RepeatedKey, parsed

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(_VALUES)
def test_what_has_each_key_once_is_read_as_ever(value: object) -> None:
    assert parsed(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1, "a": 1}', "a"),
        ('{"a": 1, "b": {"c": [0, {"d": 1, "e": 2, "d": 3}]}}', "b.c[1].d"),
        ('[{"a": 1}, {"a": 1, "\\u0061": 2}]', "[1].a"),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', "a"),
        ('{"": 1, "": 2}', ""),
    ],
)
def test_the_place_of_a_key_that_stands_there_twice(text: str, place: str) -> None:
    with pytest.raises(RepeatedKey, match="twice") as caught:
        parsed(text)
    assert caught.value.place == place


def test_a_long_object_is_looked_through_at_once() -> None:
    keys = [f'"{number}": 0' for number in range(100_000)]
    with pytest.raises(RepeatedKey):
        parsed("{" + ", ".join([*keys, keys[-1]]) + "}")
