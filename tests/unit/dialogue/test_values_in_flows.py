"""Values in a conversation: one piece of text fills one slot, two values are asked about, remarks are no values."""

from __future__ import annotations

import pytest

from shared.bot.bot_file import read_bot
from tests.unit.dialogue.conversation import DESK, Conversation

DELIVERY = (
    DESK.replace(
        "slots:\n",
        """\
slots:
  place: {title: address, type: address, entities: address, prompt: "Which address?", whole_answer: true, max_length: 200}
  arrival: {title: arrival, type: date, entities: date, prompt: "Which day?", of_range: start}
  mail: {title: mail, type: email, prompt: "Which mail?"}
""",
        1,
    )
    .replace(
        "flows:\n",
        """\
flows:
  delivery: {title: your address, intents: [address], required: [number, place], answer: "{number} to {place}."}
  stay: {title: your stay, intents: [stay], required: [arrival], confirm: "From {arrival}?", answer: "Noted."}
  write: {title: your mail, intents: [write], required: [mail], answer: "Writing to {mail}."}
""",
        1,
    )
    .replace("intents:\n", "intents:\n  address: {title: Address}\n  stay: {title: Stay}\n  write: {title: Write}\n", 1)
)


@pytest.fixture
def talk() -> Conversation:
    return Conversation(read_bot(DELIVERY))


@pytest.fixture
def asked_for_day(talk: Conversation) -> Conversation:
    entities = ("airline=KLM", "origin=Berlin", "destination=Rome")
    assert talk.say("KLM from Berlin to Rome", "flights", *entities).text == "Let us see. When?"
    return talk


@pytest.mark.parametrize(
    "entities",
    [(), ("order_number=10115",), ("address=10115 Berlin",), ("address=12 Baker Street", "address=10115 Berlin")],
)
def test_a_piece_of_text_fills_one_slot(talk: Conversation, entities: tuple[str, ...]) -> None:
    talk.say("change the address of order A-10432", "address", "order_number=A-10432")
    answer = talk.inform("12 Baker Street, 10115 Berlin", *entities)
    assert answer == "A-10432 to 12 Baker Street, 10115 Berlin."
    assert talk.state.slots == {"number": "A-10432"}


def test_a_postcode_is_no_order_number_even_if_the_model_says_so(talk: Conversation) -> None:
    answer = talk.say("find my parcel, I live in 10115 Berlin", "parcel", "order_number=10115").text
    assert answer.endswith("Which order?")
    assert talk.state.slots == {}, "nor is it remembered"


def test_an_address_without_a_number_is_taken_whole(talk: Conversation) -> None:
    talk.say("change the address of order A-10432", "address", "order_number=A-10432")
    assert talk.say("The Old Mill, Church End").text == "A-10432 to The Old Mill, Church End."


@pytest.mark.parametrize(
    ("reply", "day"),
    [
        ("7", 7),
        ("the 7th", 7),
        ("the first one", 5),
        ("the second", 7),
        ("the later one", 7),
        ("Tuesday 7 April 2026", 7),
    ],
)
def test_two_values_are_asked_about(talk: Conversation, reply: str, day: int) -> None:
    talk.say("KLM Berlin Rome", "flights", "airline=KLM", "origin=Berlin", "destination=Rome")
    answer = talk.say("between 5 and 7 April", "inform")
    assert answer.text == "Which one: Sunday 5 April 2026 or Tuesday 7 April 2026?"
    assert answer.suggestions == ("Sunday 5 April 2026", "Tuesday 7 April 2026")
    talk.inform(reply)
    assert talk.flow.slots["day"] == f"2026-04-0{day}"


def test_an_answer_that_chooses_nothing_is_asked_again(asked_for_day: Conversation) -> None:
    asked_for_day.inform("Monday and Friday", "date=Monday", "date=Friday")
    assert asked_for_day.say("hm").text.endswith("Which one: Monday 16 March 2026 or Friday 13 March 2026?")
    assert asked_for_day.inform("on the 20th", "date=on the 20th").startswith("KLM, Berlin-Rome, Friday 20 March"), (
        "neither"
    )
    assert asked_for_day.flow.which == ()


def test_a_range_gives_the_end_that_the_slot_stands_for(talk: Conversation) -> None:
    answer = talk.say("a room from 14 March to 17 March", "stay", "date=14 March", "date=17 March")
    assert answer.text == "From Saturday 14 March 2026?"


def test_a_longer_reading_goes_before_what_the_model_marked(asked_for_day: Conversation) -> None:
    answer = asked_for_day.inform("the day after tomorrow", "date=tomorrow")
    assert answer.startswith("KLM, Berlin-Rome, Thursday 12 March")


@pytest.mark.parametrize("text", ["I can be reached 24/7", "for the 2 of us", "the sun is shining"])
def test_no_day_is_taken_from_what_is_none(asked_for_day: Conversation, text: str) -> None:
    assert asked_for_day.say(text).text.endswith("When?")
    assert "day" not in asked_for_day.flow.slots


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("not business, economy", "Moved to economy."),
        ("economy, not business", "Moved to economy."),
        ("anything but economy", "Moved to business."),
        ("economy or business", "Which one: economy or business?"),
    ],
)
def test_choices_that_are_not_meant(talk: Conversation, text: str, answer: str) -> None:
    talk.say("move my booking", "move")
    assert talk.inform(text) == answer


def test_an_address_that_is_not_meant(talk: Conversation) -> None:
    talk.say("write me", "write")
    assert talk.inform("not joe@old.com but joe@new.com") == "Writing to joe@new.com."


def test_a_town_that_is_not_meant(talk: Conversation) -> None:
    talk.say("from Berlin, not Munich", "flights", "origin=Berlin", "origin=Munich")
    assert talk.flow.slots == {"origin": "Berlin"}


def test_a_value_is_taken_back_without_another(asked_for_day: Conversation) -> None:
    asked_for_day.inform("tomorrow", "date=tomorrow")
    assert asked_for_day.say("yes but not tomorrow", "affirm", "date=tomorrow").text == "When?"
    assert "day" not in asked_for_day.flow.slots


@pytest.mark.parametrize("text", ["wait a second, let me look that up", "hold on please", "one moment"])
def test_who_needs_time_gets_it(talk: Conversation, text: str) -> None:
    talk.say("flights", "flights")
    for _ in range(4):
        assert talk.say(text).text == "Take your time. Which airline?"
    assert talk.flow.attempts == 0
    assert talk.inform("hold on, it is KLM", "airline=KLM") == "From where?"


@pytest.mark.parametrize("text", ["you choose", "whatever you recommend", "up to you"])
def test_the_choice_is_left_to_the_bot(talk: Conversation, text: str) -> None:
    talk.say("flights", "flights")
    assert talk.say(text).text == "From where?"
    assert talk.flow.slots["airline"] == "any airline"
    assert talk.say(text).text.endswith("From where?"), "a place that it cannot choose"
    assert "origin" not in talk.flow.slots


@pytest.mark.parametrize(
    "text", ["what is that?", "which ones are there", "I don't know", "not KLM", "请问有什么", "hmm"]
)
def test_a_question_or_a_remark_is_no_free_text(talk: Conversation, text: str) -> None:
    talk.say("flights", "flights")
    assert talk.inform(text).endswith("Which airline?")
    assert talk.inform(text, f"airline={text}").endswith("Which airline?"), "whatever the model says"
    assert talk.flow.slots == {}


@pytest.mark.parametrize("text", ["Ａ－１０４３２", "１２３４５６", "it is\u3000Ａ－１０４３２"])
def test_full_width_input(talk: Conversation, text: str) -> None:
    talk.say("where is my parcel?", "parcel")
    assert talk.say(text).text in ("Looking for A-10432.", "Looking for 123456.")


def test_entities_keep_their_place_in_a_normalised_text(talk: Conversation) -> None:
    talk.say("👍 from Ｂｅｒｌｉｎ to Ｒｏｍｅ", "flights", "origin=Ｂｅｒｌｉｎ", "destination=Ｒｏｍｅ")
    assert talk.flow.slots == {"origin": "Berlin", "destination": "Rome"}
