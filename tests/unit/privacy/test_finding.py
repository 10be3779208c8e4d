from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.privacy.finding import find
from shared.starter import utterances
from tests.unit.privacy.canaries import CALLED, CANARIES, HARMLESS

FRAMES = ("{}", "it is {}, thank you", "请记下{}谢谢", "“{}”", "a\n{}\nb", "({})", "x: {}.")


def found(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in find(text)]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("kind", "canary"), [(kind, canary) for kind, some in CANARIES.items() for canary in some])
def test_a_canary_is_found_whole_whatever_stands_around_it(kind: str, canary: str, frame: str) -> None:
    ((told, text),) = found(frame.format(canary))
    assert told == kind
    assert text == canary


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, some in CALLED.items() for text in some])
def test_a_word_before_a_number_makes_it_personal(kind: str, text: str) -> None:
    ((told, number),) = found(text)
    assert told == kind
    assert text.endswith(number)
    assert found(number) == []


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_of_everyday_service_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_of_the_starter_rows_only_those_with_a_mail_address_hold_anything() -> None:
    texts = [json.loads(line)["text"] for line in utterances().read_text("utf-8").splitlines()]
    telling = {text: found(text) for text in texts if found(text)}
    assert set(telling) == {text for text in texts if "@" in text and "example." in text}
    assert {kind for spans in telling.values() for kind, _ in spans} == {"email"}


def test_several_are_found_from_left_to_right() -> None:
    text = "4111 1111 1111 1111, call 415-555-2671 or 010-65529988, mail a.b@example.com"
    assert [kind for kind, _ in found(text)] == ["card", "phone", "phone", "email"]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.sampled_from(CANARIES["email"]))
def test_any_text_can_be_searched(text: str, canary: str) -> None:
    spans = find(f"{text} {canary}")
    assert spans
    assert all(left.end <= right.start for left, right in pairwise(spans))
    assert all(0 <= span.start < span.end <= len(text) + 1 + len(canary) for span in spans)


@pytest.mark.parametrize(
    "text",
    [
        "1" * 10_000,
        "1 " * 5_000,
        "123 " * 2_500,
        "4155552671 " * 900,
        "a@" * 5_000,
        "a." * 5_000 + "@",
        "GB82 " * 2_000,
        "(1)-" * 2_500,
        "一" * 10_000,
        "1. " * 3_333,
        "+1 " * 3_333,
        "card " * 2_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    find(text)
    assert time.process_time() - began < 0.5
