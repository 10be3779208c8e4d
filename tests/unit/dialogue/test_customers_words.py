"""How customers put things: roles told by a preposition, doubts, several values of free text, a wish that confirms."""

from __future__ import annotations

from datetime import date

import pytest

from shared.bot.bot_file import read_bot
from shared.dialogue.values.calendar import Calendar
from shared.dialogue.values.date_ranges import date_ranges
from tests.unit.dialogue.conversation import DESK, Conversation, span

TUESDAY = Calendar(date(2026, 3, 10), day_first=True, past=False)

TRAVEL = (
    DESK.replace(
        "origin, when_asked: [city, destination],",
        "origin, when_asked: [city, destination], after: [from, 从], whole_answer: true,",
    )
    .replace("destination, when_asked: [city, origin],", "destination, when_asked: [city, origin], after: [to, 到],")
    .replace(
        "flows:\n",
        """\
flows:
  drop:
    title: the cancellation of your order
    intents: [drop]
    required: [number]
    confirm: "Cancel {number}?"
    answer: "Cancelled {number}."
""",
        1,
    )
    .replace("intents:\n", "intents:\n  drop: {title: Cancel an order}\n", 1)
)


@pytest.fixture
def talk() -> Conversation:
    return Conversation(read_bot(TRAVEL))


@pytest.mark.parametrize("label", ["origin", "destination", "city"])
def test_a_preposition_tells_the_role_whatever_the_model_says(talk: Conversation, label: str) -> None:
    talk.say("flights from Dublin to Faro", "flights", f"{label}=Dublin", f"{label}=Faro")
    assert talk.flow.slots == {"origin": "Dublin", "destination": "Faro"}


def test_a_chinese_preposition_does_too(talk: Conversation) -> None:
    talk.say("我要从北京到上海的航班", "flights", "city=北京", "city=上海")
    assert talk.flow.slots == {"origin": "北京", "destination": "上海"}


@pytest.mark.parametrize("text", ["Porto please", "maybe Porto", "to be honest, Porto"])
def test_a_place_without_one_answers_the_question(talk: Conversation, text: str) -> None:
    talk.say("KLM from Dublin", "flights", "airline=KLM", "origin=Dublin")
    assert talk.inform(text, "origin=Porto") == "When?"
    assert talk.flow.slots["destination"] == "Porto"


@pytest.mark.parametrize("text", ["any airline will do", "the cheapest", "whichever is cheapest", "I'm not fussy"])
def test_no_preference_is_told_in_many_ways(talk: Conversation, text: str) -> None:
    talk.say("flights", "flights")
    assert talk.say(text).text == "From where?"
    assert talk.flow.slots["airline"] == "any airline"


def test_two_values_of_free_text_are_asked_about(talk: Conversation) -> None:
    talk.say("flights", "flights")
    assert talk.inform("air france or jal", "airline=air france or jal") == "Which one: air france or jal?"
    assert talk.inform("air france then") == "From where?"
    assert talk.flow.slots["airline"] == "air france"


@pytest.mark.parametrize(
    "text", ["I'm not sure yet", "hang on, let me look that up", "one second, I have to look it up"]
)
def test_doubt_is_no_other_wish_whatever_the_model_says(talk: Conversation, text: str) -> None:
    talk.say("flights", "flights")
    answer = talk.say(text, "parcel", confidence=0.95)
    assert answer.text.endswith("Which airline?")
    assert [flow.flow for flow in talk.state.flows] == ["flight"]


def test_a_wish_beside_a_plea_is_one(talk: Conversation) -> None:
    talk.say("flights", "flights")
    assert talk.say("hang on, where is my parcel?", "parcel").text == "Which order?"


@pytest.mark.parametrize("text", ["ok cancel it", "yes, please cancel it", "yes cancel", "Cancel the order please"])
def test_to_a_cancellation_the_wish_to_cancel_is_a_yes(talk: Conversation, text: str) -> None:
    talk.say("cancel A-10432", "drop", "order_number=A-10432")
    assert talk.say(text, "deny", confidence=0.6).text == "Cancelled A-10432."


@pytest.mark.parametrize(
    "text", ["cancel", "stop", "please stop", "don't cancel it", "forget it", "I'd rather keep it"]
)
def test_what_might_mean_either_cancels_nothing(talk: Conversation, text: str) -> None:
    talk.say("cancel A-10432", "drop", "order_number=A-10432")
    assert "Cancelled" not in talk.say(text, "deny", confidence=0.6).text


def test_a_no_to_the_only_value_of_a_flow_ends_it(talk: Conversation) -> None:
    talk.say("cancel A-10432", "drop", "order_number=A-10432")
    assert "stopped the cancellation" in talk.say("no", "deny").text
    assert talk.state.flows == ()


def test_unless_it_is_called_wrong(talk: Conversation) -> None:
    talk.say("cancel A-10432", "drop", "order_number=A-10432")
    assert talk.say("no, that is the wrong one", "deny").text == "Which order?"
    assert talk.inform("A-10433", "order_number=A-10433") == "Cancel A-10433?"


def test_a_date_is_also_called_a_day(talk: Conversation) -> None:
    entities = ("airline=KLM", "origin=Berlin", "destination=Rome", "date=tomorrow")
    talk.say("KLM from Berlin to Rome tomorrow", "flights", *entities)
    assert talk.say("nope, wrong day", "deny").text == "When?"


def test_a_value_that_a_waiting_flow_asked_for_goes_there(talk: Conversation) -> None:
    talk.say("find my parcel", "parcel")
    talk.say("flights", "flights")
    talk.inform("KLM", "airline=KLM")
    assert talk.inform("A-10432", "order_number=A-10432").startswith("Looking for A-10432.")
    assert [flow.flow for flow in talk.state.flows] == ["flight"]


def test_a_question_that_knowledge_answers_begins_no_flow(talk: Conversation) -> None:
    assert talk.say("how many dogs fit into a parcel?", "parcel", dogs=0.8).kind == "knowledge"
    assert talk.say("find my parcel with the dog lead", "parcel", dogs=0.8).kind == "flow"


def test_a_follow_up_with_another_value_is_about_that_one(talk: Conversation) -> None:
    talk.say("where is A-10432?", "parcel", "order_number=A-10432")
    assert talk.say("and A-20992?", "parcel", "order_number=A-20992", confidence=0.6).text == "Looking for A-20992."


def test_two_places_are_asked_about(talk: Conversation) -> None:
    talk.say("KLM flights", "flights", "airline=KLM")
    assert talk.inform("Berlin or Hamburg", "city=Berlin", "city=Hamburg") == "Which one: Berlin or Hamburg?"
    assert talk.inform("Hamburg", "city=Hamburg") == "Where to?"
    assert talk.flow.slots["origin"] == "Hamburg"


@pytest.mark.parametrize(("text", "seen"), [("London Gatwick", "London"), ("Frankfurt Hahn.", "Frankfurt")])
def test_a_name_that_is_the_whole_answer_is_taken_whole(talk: Conversation, text: str, seen: str) -> None:
    talk.say("KLM flights", "flights", "airline=KLM")
    assert talk.inform(text, f"origin={seen}") == "Where to?"
    assert talk.flow.slots["origin"] == text.strip(".")


def test_nothing_is_added_to_a_name_that_is_followed_by_something_else(talk: Conversation) -> None:
    talk.say("KLM flights", "flights", "airline=KLM")
    talk.inform("Berlin, Rome", "city=Berlin", "destination=Rome")
    assert talk.flow.slots == {"airline": "KLM", "origin": "Berlin", "destination": "Rome"}


def test_a_guess_takes_no_known_value_back(talk: Conversation) -> None:
    talk.say("KLM flights", "flights", "airline=KLM")
    guess = span("Bonn Gatwick", "airline=Gatwick").model_copy(update={"confidence": 0.3})
    talk.say("Bonn Gatwick", "inform", "city=Bonn", guesses=[guess])
    assert talk.flow.slots == {"airline": "KLM", "origin": "Bonn Gatwick"}


def test_a_question_that_names_nothing_begins_no_other_flow() -> None:
    bot = TRAVEL.replace("{title: Find a flight}", "{title: Find a flight, follow_up: Offers come by mail.}")
    talk = Conversation(read_bot(bot))
    entities = ("airline=KLM", "origin=Berlin", "destination=Rome")
    talk.say("KLM from Berlin to Rome", "flights", *entities)
    assert talk.say("when do I get it?", "parcel").text.endswith("When?")
    confirm = talk.inform("tomorrow", "date=tomorrow")
    assert talk.say("when do I get it?", "parcel").text == f"Offers come by mail.\n\nBack to your flight: {confirm}"
    assert [flow.flow for flow in talk.state.flows] == ["flight"]


def test_of_a_stay_the_beginning_counts_though_the_model_saw_only_the_end() -> None:
    bot = TRAVEL.replace("day: {title: date, type: date,", "day: {title: date, type: date, of_range: start,")
    talk = Conversation(read_bot(bot))
    talk.say("KLM, 5 to 8 April", "flights", "airline=KLM", "date=8 April")
    assert talk.flow.slots["day"] == "2026-04-05"


def test_a_foreign_sentence_is_not_answered_by_a_weak_intent() -> None:
    talk = Conversation(
        read_bot(
            TRAVEL.replace(
                "name: Test desk\n",
                "name: Test desk\nlanguages: [en]\nwording:\n  other_language: {en: English only.}\n",
            )
        )
    )
    text = "Bonjour, je voudrais savoir"
    assert talk.say(text, "greet", confidence=0.6, language="fr").text == "English only."
    assert talk.say(text, "greet", confidence=0.9, language="fr").kind == "template"


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("from the 20th of December until the 23rd", "2026-12-20/2026-12-23"),
        ("arrive 3 May, leave 7 May", "2026-05-03/2026-05-07"),
        ("checking in on 3 May and checking out on 7 May", "2026-05-03/2026-05-07"),
        ("from 3 May, back on 7 May", "2026-05-03/2026-05-07"),
        ("Tuesday to Sunday", "2026-03-17/2026-03-22"),
        ("a month from 14 March", "2026-03-14/2026-04-14"),
        ("2 years from 14 March", "2026-03-14/2028-03-14"),
        ("28 December to 3 January", "2026-12-28/2027-01-03"),
    ],
)
def test_ends_of_a_stretch_of_days(text: str, days: str) -> None:
    assert [found.value for found in date_ranges(text, TUESDAY)] == [days]
