"""Values are recognised, checked and brought into one form, by type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bot.bot_file import read_bot
from shared.dialogue.acts import says
from shared.dialogue.values.slots import SlotReader
from shared.dialogue.values.words import in_words
from tests.unit.dialogue.conversation import DESK, TODAY

SLOTS = """\
slots:
  text: {title: text, max_length: 20}
  choice: {title: c, type: choice, choices: {small: [s, tiny], extra large: [xl, "large"]}}
  when: {title: d, type: date}
  past: {title: p, type: date, past: true, no_preference: any day}
  order: {title: o, type: order_number}
  money: {title: m, type: amount}
  place: {title: pl, type: city}
  mail: {title: ma, type: email}
  code: {title: co, type: regex, pattern: "[A-Z]{2}[0-9]{2}", error: Two letters and two digits.}
"""
BOT = read_bot(DESK.replace("slots:\n", SLOTS, 1))


@pytest.fixture
def reader() -> SlotReader:
    return SlotReader(BOT, TODAY)


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("text", "  a   blue one. ", "a blue one"),
        ("text", "x" * 21, None),
        ("text", " ,. ", None),
        ("choice", "the XL one", "extra large"),
        ("choice", "tiny!", "small"),
        ("choice", "smallish", None),
        ("when", "next Friday", "2026-03-20"),
        ("when", "yesterday", None),
        ("past", "yesterday", "2026-03-09"),
        ("past", "tomorrow", None),
        ("order", "#558201", "558201"),
        ("order", "a-10432.", "A-10432"),
        ("order", "ord-77120", "ORD-77120"),
        ("order", "1043", "1043"),
        ("order", "ten", None),
        ("money", "about $49.99.", "$49.99"),
        ("money", "20 euros", "20 euros"),
        ("money", "a lot", None),
        ("place", "new york", "New York"),
        ("place", "Den Haag", "Den Haag"),
        ("place", "L'Aquila", "L'Aquila"),
        ("place", "12345", None),
        ("place", "…", None),
        ("mail", "Ann.Lee@Example.co.uk", "ann.lee@example.co.uk"),
        ("mail", "ann at example", None),
        ("code", "ab12", "AB12"),
        ("code", "ab123", None),
    ],
)
def test_values(reader: SlotReader, slot: str, text: str, value: str | None) -> None:
    assert reader.value(slot, text) == value


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("order", "my order is A-10432, thanks", "A-10432"),
        ("order", "call 0301234567890123 on 14 March 2027", None),
        ("order", "the 1043 one", None),
        ("mail", "write to ann@example.com.", "ann@example.com"),
        ("mail", "write to me", None),
        ("code", "it is (AB12), I think", "AB12"),
        ("code", "no idea", None),
        ("when", "I fly on 14 March I guess", "2026-03-14"),
        ("choice", "make it tiny", "small"),
        ("money", "it was 20 euros or so", "20 euros"),
        ("text", "anything at all", None),
        ("place", "Berlin", None),
    ],
)
def test_values_found_in_a_message(reader: SlotReader, slot: str, text: str, value: str | None) -> None:
    assert reader.found(slot, text) == value


def test_errors_say_what_is_expected(reader: SlotReader) -> None:
    assert reader.error("choice") == ("Please choose one of these: small, extra large.",)
    assert "from today on" in reader.error("when")[0]
    assert "up to today" in reader.error("past")[0]
    assert reader.error("code") == ("Two letters and two digits.",)
    assert reader.error("text") == ()


def test_days_are_shown_in_words_where_the_bot_speaks_english(reader: SlotReader) -> None:
    assert reader.shown("when", "2026-03-14") == "Saturday 14 March 2026"
    assert reader.shown("past", "any day") == "any day"
    german = SlotReader(BOT.model_copy(update={"language": "de"}), TODAY)
    assert german.shown("when", "2026-03-14") == "2026-03-14"


@pytest.mark.parametrize(
    ("message", "phrase", "expected"),
    [
        ("Never mind!", "never mind", True),
        ("oh, NEVER  mind then", "never mind", True),
        ("I don’t mind", "don't mind", True),
        ("stop", "stop", True),
        ("does it stop in Rome", "stop", False),
        ("one-stop shop", "stop", False),
        ("never minded", "never mind", False),
        ("算了", "算了", True),
    ],
)
def test_phrases(message: str, phrase: str, expected: bool) -> None:
    assert says(in_words(message), phrase) is expected


@given(slot=st.sampled_from(sorted(BOT.slots)), text=st.text(max_size=80))
def test_a_value_is_short_and_never_empty(slot: str, text: str) -> None:
    reader = SlotReader(BOT, TODAY)
    for value in (reader.value(slot, text), reader.found(slot, text)):
        assert value is None or 0 < len(value) <= BOT.slots[slot].max_length
        assert value is None or reader.shown(slot, value).strip()
