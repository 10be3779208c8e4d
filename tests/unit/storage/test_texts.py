from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.storage.database.texts import dump_json, refuse_unstorable

GOOD = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
ANY = st.text(st.characters(exclude_categories=()) | st.sampled_from("\0\\u0d\ud800"))


def storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


@given(ANY)
def test_exactly_nul_and_lone_surrogates_are_refused_as_parameters(text: str) -> None:
    for parameters in ((text, 1), {"a": text}, [(1.5, None), (b"\0", text)]):
        if storable(text):
            refuse_unstorable(parameters)
        else:
            with pytest.raises(InvalidInput, match="NUL"):
                refuse_unstorable(parameters)


@given(ANY)
@example("\\u0000")
@example("\\\0")
@example("\\\\u0000\0")
def test_exactly_the_same_is_refused_inside_json(text: str) -> None:
    def store() -> str:
        dumped = dump_json({"key": [text]})
        refuse_unstorable((dumped,))
        return dumped

    if storable(text):
        assert json.loads(store()) == {"key": [text]}
    else:
        with pytest.raises(InvalidInput, match="NUL"):
            store()


@given(GOOD)
def test_json_keeps_text_readable(text: str) -> None:
    assert json.loads(dump_json(text)) == text
    assert dump_json("東京") == '"東京"'


def test_json_has_no_word_for_not_a_number() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        dump_json({"loss": float("nan")})
