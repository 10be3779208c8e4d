import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.normalisation import folded, normalise


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("where is my order?", "where is my order?"),
        ("Ａ－１０４３２", "A-10432"),
        ("flight from Ｂｅｒｌｉｎ", "flight from Berlin"),
        ("where\u200b is it", "where is it"),
        ("cafe\u0301 now", "caf\u00e9 now"),
        ("ｶﾞ", "ガ"),
        ("👍", "thumbs up"),
        ("👍🏽", "thumbs up"),
        ("I am 😡!", "I am enraged face !"),
        ("💔", "broken heart"),
        ("great :) thanks", "great smiling face thanks"),
        ("what :(", "what disappointed face"),
        ("call me at 10:30, see http://example.com", "call me at 10:30, see http://example.com"),
        ("订单什么时候发货", "订单什么时候发货"),
    ],
)
def test_a_text_has_one_form(text: str, normal: str) -> None:
    assert normalise(text).text == normal


def test_a_span_of_the_form_leads_back_to_the_original() -> None:
    text = "\u200bfrom Ｂｅｒｌｉｎ 👍 to cafe\u0301"
    normal = normalise(text)
    for word, original in (("Berlin", "Ｂｅｒｌｉｎ"), ("thumbs up", "👍"), ("caf\u00e9", "cafe\u0301")):
        start = normal.text.index(word)
        first, last = normal.original(start, start + len(word))
        assert text[first:last] == original


@given(st.text(max_size=60))
def test_every_character_of_the_form_has_its_place_and_the_form_of_a_form_is_itself(text: str) -> None:
    normal = normalise(text)
    if normal.spans is None:
        assert normal.text == text
        return
    assert len(normal.spans) == len(normal.text)
    assert all(0 <= start < end <= len(text) for start, end in normal.spans)
    assert list(normal.spans) == sorted(normal.spans)


def test_texts_that_look_the_same_are_the_same() -> None:
    assert folded("Café  now") == folded("cafe\u0301 now")
    assert folded("where is\u200b it") == folded("where is it")
    assert folded("where is it") != folded("where was it")
    assert unicodedata.is_normalized("NFKC", folded("Ａ－１"))
