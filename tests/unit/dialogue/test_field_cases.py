"""What public bug reports found: each a case of a kind. The understandings are those that the starter's model gave."""

from __future__ import annotations

from datetime import date

import pytest

from shared import starter
from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from tests.unit.dialogue.conversation import Conversation


@pytest.fixture(scope="module")
def bot() -> Bot:
    return read_bot(starter.bot().read_bytes())


@pytest.fixture
def talk(bot: Bot) -> Conversation:
    return Conversation(bot)


def ready_to_confirm(talk: Conversation) -> None:
    route = ("origin=Berlin", "destination=Rome", "date=tomorrow", "airline=Lufthansa")
    talk.say("flight from Berlin to Rome tomorrow with Lufthansa", "flight_search", *route)
    assert talk.flow.confirming


@pytest.mark.parametrize("text", ["yes but not tomorrow", "yes, only not tomorrow please"])
def test_a_yes_that_rules_a_value_out_asks_for_it(talk: Conversation, text: str) -> None:
    ready_to_confirm(talk)
    talk.say(text, "affirm", "date=tomorrow", confidence=0.95)
    assert talk.flow.asked == "travel_date"
    assert "travel_date" not in talk.flow.slots


@pytest.mark.parametrize(
    "text",
    [
        "yes if it is cheap",
        "yes but I need a bag",
        "ok, unless there is a strike",
        "yes?",
        "maybe",
        "I guess so",
        "好的，但是不要明天",
    ],
)
def test_a_yes_with_a_condition_sends_nothing(talk: Conversation, text: str) -> None:
    ready_to_confirm(talk)
    talk.say(text, "affirm", confidence=0.95)
    assert talk.flow.flow == "flight_search"


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "yes please",
        "ok thanks",
        "that's right",
        "👍",
        "yes, thank you very much",
        "好的",
        "yes that's right thanks",
        "yes yes",
        "好的谢谢",
    ],
)
def test_a_plain_yes_sends_the_request(talk: Conversation, text: str) -> None:
    ready_to_confirm(talk)
    assert "Berlin to Rome" in talk.say(text).text
    assert talk.state.flows == ()


def test_of_a_range_a_day_of_arrival_is_its_first(talk: Conversation) -> None:
    talk.say("hotel in Rome from 14 March to 17 March", "hotel_search", "city=Rome", "date=14 March", "date=17 March")
    assert talk.flow.slots["arrival_date"] == "2026-03-14"


def test_several_days_are_asked_about(talk: Conversation) -> None:
    said = "I need a hotel in Rome on Monday and Friday"
    answer = talk.say(said, "hotel_search", "city=Rome", "date=Monday", "date=Friday")
    assert talk.flow.asked == "arrival_date"
    assert "Monday 16 March 2026 or Friday 13 March 2026" in answer.text
    talk.inform("Friday", "date=Friday")
    assert talk.flow.slots["arrival_date"] == "2026-03-13"


def test_between_two_days_is_no_day(talk: Conversation) -> None:
    talk.say("move my booking K7PQ2M", "change_booking", "booking_reference=K7PQ2M")
    talk.inform("between 5 and 7 December", "date=5 and 7 December")
    assert talk.flow.asked == "new_date"
    assert "new_date" not in talk.flow.slots


def test_a_correction_is_no_second_value(talk: Conversation) -> None:
    talk.say("a flight to Paris, no, to Rome", "flight_search", "destination=Paris", "destination=Rome")
    assert talk.flow.slots["destination"] == "Rome"
    talk.inform("from Berlin, not Munich", "origin=Berlin", "origin=Munich")
    assert talk.flow.slots["origin"] == "Berlin"


@pytest.mark.parametrize(
    "said", ["book a hotel in Rome for the 2 of us", "a hotel in Rome, the 3 of us are travelling"]
)
def test_a_count_is_no_day(talk: Conversation, said: str) -> None:
    talk.say(said, "hotel_search", "city=Rome")
    assert talk.flow.asked == "arrival_date"


def test_always_is_no_day(talk: Conversation) -> None:
    talk.say(
        "I need a flight from Berlin to Rome with Lufthansa",
        "flight_search",
        "origin=Berlin",
        "destination=Rome",
        "airline=Lufthansa",
    )
    talk.say("I can be reached 24/7 for this")
    assert talk.flow.asked == "travel_date"
    assert "travel_date" not in talk.flow.slots


@pytest.mark.parametrize(
    "entity", ["address=12 Baker Street, 10115 Berlin", "address=12 Baker Street", "city=Berlin", "order_number=10115"]
)
def test_a_postcode_is_no_order_number(talk: Conversation, entity: str) -> None:
    talk.say("change the delivery address of order A-10432", "change_address", "order_number=A-10432")
    talk.inform("12 Baker Street, 10115 Berlin", entity)
    assert talk.flow.slots == {"order_number": "A-10432", "address": "12 Baker Street, 10115 Berlin"}
    assert talk.flow.confirming


def test_where_somebody_lives_is_no_order_number(talk: Conversation) -> None:
    talk.say("I want to return my shoes, I live in 10115 Berlin", "return_item", "product=shoes", "city=Berlin")
    assert talk.flow.asked == "order_number"


@pytest.mark.parametrize("text", ["wait a second, let me look that up", "one moment", "hold on please", "等一下"])
def test_who_needs_a_moment_gets_it(talk: Conversation, text: str) -> None:
    talk.say("change the delivery address of order A-10432", "change_address", "order_number=A-10432")
    before = talk.flow
    assert talk.say(text).text.startswith("Take your time.")
    assert talk.flow == before


def test_who_leaves_the_choice_to_the_bot_has_no_preference(talk: Conversation) -> None:
    talk.say(
        "I need a flight from Berlin to Rome tomorrow",
        "flight_search",
        "origin=Berlin",
        "destination=Rome",
        "date=tomorrow",
    )
    talk.say("you choose")
    assert talk.flow.slots["airline"] == "any airline"


@pytest.mark.parametrize("text", ["what is that?", "why do you need it", "you decide"])
def test_what_is_no_answer_is_no_product(talk: Conversation, text: str) -> None:
    talk.say("I want to return something from order A-10432", "return_item", "order_number=A-10432")
    talk.say(text)
    assert talk.flow.asked == "product"
    assert "product" not in talk.flow.slots


@pytest.mark.parametrize(
    "text", ["please cancel this", "Stop please", "quit", "start over", "oh never mind", "算了", "I changed my mind"]
)
def test_who_wants_to_leave_leaves(talk: Conversation, text: str) -> None:
    talk.say(
        "I need a flight from Berlin to Rome tomorrow",
        "flight_search",
        "origin=Berlin",
        "destination=Rome",
        "date=tomorrow",
    )
    talk.say(text, "goodbye", confidence=0.85)
    assert talk.state.flows == ()


def test_a_weak_no_ends_nothing(talk: Conversation) -> None:
    talk.say("I want to return something from order A-10432", "return_item", "order_number=A-10432")
    talk.say("hmm, not sure", "deny", confidence=0.47)
    assert talk.flow.asked == "product"


@pytest.mark.parametrize(("said", "number"), [("Ａ－１０４３２", "A-10432"), ("１２３４５６", "123456")])
def test_full_width_signs_are_signs(talk: Conversation, said: str, number: str) -> None:
    talk.say("where is my order?", "order_status")
    assert number in talk.say(said).text


def test_full_width_cities_are_cities(talk: Conversation) -> None:
    talk.say("flight from Ｂｅｒｌｉｎ to Ｒｏｍｅ", "flight_search", "origin=Ｂｅｒｌｉｎ", "destination=Ｒｏｍｅ")
    assert {name: talk.flow.slots[name] for name in ("origin", "destination")} == {
        "origin": "Berlin",
        "destination": "Rome",
    }


def test_the_longest_reading_of_a_day_counts(talk: Conversation) -> None:
    talk.say("a hotel in Rome", "hotel_search", "city=Rome")
    talk.inform("the day after tomorrow", "date=tomorrow")
    assert talk.flow.slots["arrival_date"] == date(2026, 3, 12).isoformat()


def test_who_asked_for_a_person_by_mistake_gets_the_bot_back(talk: Conversation) -> None:
    ready_to_confirm(talk)
    talk.say("a human please", "talk_to_person")
    assert talk.say("hello?").kind == "silent"
    answer = talk.say("sorry, wrong button")
    assert answer.kind == "flow"
    assert "Is that right?" in answer.text
    assert "Berlin to Rome" in talk.say("yes").text


def test_the_bot_comes_back_by_itself_where_the_file_says_so(bot: Bot) -> None:
    handover = bot.handover.model_copy(update={"release_after": 30})
    talk = Conversation(bot.model_copy(update={"handover": handover}))
    talk.say("a human please", "talk_to_person", at=1000.0)
    assert talk.say("hello?", at=1000.0 + 29 * 60).kind == "silent"
    assert talk.say("still there?", at=1000.0 + 58 * 60).kind == "silent", "the time counts from the last message"
    assert talk.say("hello", "greeting", at=1000.0 + 88 * 60).kind == "template"


@pytest.mark.parametrize("text", ["I changed my mind about the date", "the date is wrong", "I want to change the date"])
def test_a_value_that_is_called_wrong_is_asked_for_again(talk: Conversation, text: str) -> None:
    ready_to_confirm(talk)
    talk.say(text, "change_booking", confidence=0.9)
    assert (talk.flow.flow, talk.flow.asked) == ("flight_search", "travel_date")


def test_who_asks_for_help_is_offered_a_person_and_never_handed_over_for_it(talk: Conversation) -> None:
    talk.say("I want to return something from order A-10432", "return_item", "order_number=A-10432")
    for _ in range(4):
        assert "Shall I ask a colleague" in talk.say("help", "thanks").text
    assert talk.say("yes please", "affirm").handover == "requested"


def test_a_person_is_not_called_into_a_flow_by_a_weak_signal(talk: Conversation) -> None:
    ready_to_confirm(talk)
    assert talk.say("hm hm", "talk_to_person", confidence=0.5).handover is None


def test_what_is_only_perhaps_negative_is_no_anger(bot: Bot) -> None:
    doubtful = bot.handover.model_copy(update={"anger_confidence": 0.85})
    talk = Conversation(bot.model_copy(update={"handover": doubtful}))
    for _ in range(5):
        assert talk.say("could not be happier", "praise", tone="negative").handover is None
