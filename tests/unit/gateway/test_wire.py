"""How things are cut, framed, fingerprinted and described."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from services.gateway.chat.transcript import TranscriptMessage, transcript_hash
from services.gateway.http.bodies.json_body import find_nul, is_json, parse_json
from services.gateway.http.bodies.sse import frame, pieces
from services.gateway.http.bodies.validation import describe
from services.gateway.operations.schemas import Ready
from shared.errors import InvalidInput

TEXTS = st.text(st.characters(codec="utf-8"))


@given(TEXTS)
def test_pieces_are_the_text_again(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_pieces_are_words_and_chinese_characters() -> None:
    assert pieces("Where is it? 你好 ok ") == ["Where", " is", " it?", " 你", "好", " ok", " "]
    assert pieces("") == []


@given(TEXTS)
def test_a_frame_is_one_event_whatever_it_holds(text: str) -> None:
    framed = frame(Ready(status="ready", problems={"x": text}), event="probe").decode()
    assert framed.startswith("event: probe\ndata: ")
    assert framed.endswith("\n\n")
    assert framed.count("\n") == 3


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_digests_agree_only_if_everything_does(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    first, second = [TranscriptMessage(*pair) for pair in one], [TranscriptMessage(*pair) for pair in other]
    assert (transcript_hash("k", None, first) == transcript_hash("k", None, second)) is (first == second)
    assert transcript_hash("k", "anna", first) != transcript_hash("k", None, first)
    assert transcript_hash("k", None, first) != transcript_hash("other", None, first)


def test_a_digest_tells_where_a_message_ends() -> None:
    assert transcript_hash("k", None, [TranscriptMessage("user", "ab")]) != transcript_hash(
        "k", None, [TranscriptMessage("user", "a"), TranscriptMessage("user", "b")]
    )
    assert transcript_hash("k", "u", []) != transcript_hash("ku", "", [])


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/ld+json"])
def test_json_is_known_by_its_type(kind: str) -> None:
    assert is_json(kind)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/yaml", "json", "multipart/form-data; boundary=json"])
def test_other_types_are_not_json(kind: str) -> None:
    assert not is_json(kind)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_a_nul_is_found_wherever_it_is(value: Any) -> None:
    assert (find_nul(value) is not None) is ("\\x00" in repr(value).replace("\\\\", ""))


def test_deep_json_is_refused_and_moderately_deep_json_is_not() -> None:
    assert parse_json(b"[" * 100 + b"]" * 100)
    with pytest.raises(InvalidInput, match="recursion"):
        parse_json(b"[" * 1000 + b"]" * 1000)


class Sample(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int
    names: list[str] | str = ""


def described(value: object) -> InvalidInput:
    try:
        Sample.model_validate(value)
    except ValidationError as error:
        return describe([{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()], value)
    raise AssertionError("nothing is wrong with it")


def test_problems_are_told_with_field_and_code() -> None:
    assert (described({}).param, described({}).code) == ("count", "missing_required_parameter")
    assert "Unrecognized request argument supplied: cuont" in described({"count": 1, "cuont": 1}).message
    assert (described({"count": "x"}).param, described({"count": "x"}).code) == ("count", "invalid_type")
    assert described({"count": 1, "names": [1]}).param == "names[0]", "branches of a union are no fields"


def test_many_problems_are_counted_not_all_named() -> None:
    error = described({"count": 1} | {f"extra{number}": 1 for number in range(20)})
    assert "and 15 more" in error.message
