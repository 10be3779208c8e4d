"""Flows ask, take corrections, confirm, survive interruptions, and end."""

from __future__ import annotations

import pytest

from shared.bot.bot_file import read_bot
from shared.contracts.chat.turns import DialogueState, FlowState
from shared.dialogue.flows import MAX_NESTED
from tests.unit.dialogue.conversation import DESK, Conversation

CONFIRM = "Lufthansa, Berlin-Rome, Friday 13 March 2026, one seat?"


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


@pytest.fixture
def confirming() -> Conversation:
    """A flight that only awaits its yes."""
    talk = Conversation()
    text = "Lufthansa from Berlin to Rome on Friday"
    entities = ("airline=Lufthansa", "origin=Berlin", "destination=Rome", "date=Friday")
    assert talk.say(text, "flights", *entities).text == f"Let us see. {CONFIRM}"
    return talk


def test_slots_are_asked_for_in_order(talk: Conversation) -> None:
    assert talk.say("I want to know about flights", "flights").text == "Let us see. Which airline?"
    assert talk.inform("Lufthansa", "airline=Lufthansa") == "From where?"
    assert talk.inform("Berlin", "city=Berlin") == "Where to?"
    assert talk.inform("Rome", "city=Rome") == "When?"
    assert talk.inform("Friday", "date=Friday") == CONFIRM
    answer = talk.say("yes", "affirm")
    assert (answer.text, answer.kind) == ("Booked Berlin-Rome.", "flow")
    assert talk.state.flows == ()


def test_what_the_first_message_tells_is_not_asked_for(talk: Conversation) -> None:
    talk.say("flights to Rome tomorrow", "flights", "destination=Rome", "date=tomorrow")
    assert talk.flow.slots == {"destination": "Rome", "day": "2026-03-11"}
    assert talk.inform("KLM", "airline=KLM") == "From where?"
    assert talk.inform("Oslo", "city=Oslo").endswith("Oslo-Rome, Wednesday 11 March 2026, one seat?")


def test_an_optional_slot_is_taken_but_never_asked_for(confirming: Conversation) -> None:
    assert confirming.inform("for two adults", "travellers=two adults").endswith("two adults?")


def test_one_message_may_fill_several_slots(talk: Conversation) -> None:
    talk.say("flights", "flights")
    talk.inform("Lufthansa", "airline=Lufthansa")
    assert talk.inform("from Berlin to Paris", "origin=Berlin", "destination=Paris") == "When?"


def test_a_value_is_corrected_while_something_else_is_asked(talk: Conversation) -> None:
    talk.say("flights to Paris", "flights", "destination=Paris")
    assert talk.inform("no wait, to Rome instead", "destination=Rome") == "Which airline?"
    assert talk.flow.slots == {"destination": "Rome"}


def test_a_bare_answer_with_a_guessed_role_answers_the_question(talk: Conversation) -> None:
    talk.say("Lufthansa flights", "flights", "airline=Lufthansa")
    assert talk.inform("Berlin", "destination=Berlin") == "Where to?"
    assert talk.flow.slots["origin"] == "Berlin"


def test_a_role_in_a_sentence_is_believed(talk: Conversation) -> None:
    talk.say("Lufthansa flights", "flights", "airline=Lufthansa")
    assert talk.inform("to Rome", "destination=Rome") == "From where?"
    assert talk.flow.slots["destination"] == "Rome"


def test_the_last_of_two_values_counts(talk: Conversation) -> None:
    talk.say("from Berlin, sorry, from Bonn", "flights", "origin=Berlin", "origin=Bonn")
    assert talk.flow.slots["origin"] == "Bonn"


def test_correction_during_confirmation(confirming: Conversation) -> None:
    answer = confirming.say("no, on Saturday", "deny", "date=Saturday")
    assert answer.text == "Lufthansa, Berlin-Rome, Saturday 14 March 2026, one seat?"
    assert confirming.say("yes but to Turin", "affirm", "destination=Turin").text.startswith("Lufthansa, Berlin-Turin")
    assert confirming.say("Yes.", "greet", confidence=0.2).kind == "flow"
    assert confirming.state.flows == ()


def test_a_value_repeated_in_a_yes_is_no_correction(confirming: Conversation) -> None:
    assert confirming.say("yes, Rome is right", "affirm", "destination=Rome").text == "Booked Berlin-Rome."


def test_a_slot_is_named_as_wrong(confirming: Conversation) -> None:
    assert confirming.say("no, the date is wrong", "deny").text == "When?"
    assert confirming.inform("tomorrow", "date=tomorrow").startswith("Lufthansa, Berlin-Rome, Wednesday 11")


def test_a_plain_no_asks_what_to_change(confirming: Conversation) -> None:
    assert confirming.say("no", "deny").text == "What should I change?"
    assert confirming.inform("the airline").startswith("Which airline?")
    assert confirming.inform("KLM", "airline=KLM").startswith("KLM, Berlin-Rome")


def test_no_and_no_again_stops(confirming: Conversation) -> None:
    confirming.say("no", "deny")
    assert confirming.say("no", "deny").text.startswith("All right, I have stopped your flight.")
    assert confirming.state.flows == ()


def test_yes_after_no_confirms_once_more(confirming: Conversation) -> None:
    confirming.say("no", "deny")
    assert confirming.say("yes", "affirm").text == CONFIRM


@pytest.mark.parametrize("text", ["never mind", "Oh, forget it!", "STOP"])
def test_cancel_at_any_time(talk: Conversation, text: str) -> None:
    talk.say("flights", "flights")
    assert talk.say(text).text.startswith("All right, I have stopped your flight.")
    assert talk.state.flows == ()


def test_no_to_a_question_stops(talk: Conversation) -> None:
    talk.say("Lufthansa flights", "flights", "airline=Lufthansa")
    assert "stopped" in talk.say("no thanks", "deny").text


@pytest.mark.parametrize(("text", "intent"), [("no preference", "inform"), ("I don’t mind", "deny"), ("no", "deny")])
def test_no_preference(talk: Conversation, text: str, intent: str) -> None:
    talk.say("flights", "flights")
    assert talk.say(text, intent).text == "From where?"
    assert talk.flow.slots["airline"] == "any airline"


def test_a_value_that_does_not_do_is_explained(talk: Conversation) -> None:
    talk.say("Lufthansa Berlin Rome", "flights", "airline=Lufthansa", "origin=Berlin", "destination=Rome")
    answer = talk.inform("yesterday", "date=yesterday")
    assert answer == "I need a day from today on, such as “tomorrow”, “next Friday” or “14 March”. When?"
    assert talk.flow.attempts == 1
    assert talk.inform("on the 14th", "date=the 14th").startswith("Lufthansa, Berlin-Rome, Saturday 14 March")


def test_a_value_that_does_not_do_in_the_first_message(talk: Conversation) -> None:
    text = talk.say("flights to Rome yesterday", "flights", "destination=Rome", "date=yesterday").text
    assert text.startswith("Let us see. I need a day from today on")
    assert talk.inform("tomorrow", "date=tomorrow") == "Which airline?"


def test_a_date_is_found_though_the_model_missed_it(talk: Conversation) -> None:
    talk.say("Lufthansa Berlin Rome", "flights", "airline=Lufthansa", "origin=Berlin", "destination=Rome")
    assert talk.inform("make it 14 March").startswith("Lufthansa, Berlin-Rome, Saturday 14 March")


def test_a_whole_answer_is_taken_but_a_question_is_not(talk: Conversation) -> None:
    talk.say("flights", "flights")
    assert talk.say("what do you have?").text == "Sorry, I did not get that. Which airline?"
    assert talk.say("sunny wings").text == "From where?"
    assert talk.flow.slots["airline"] == "sunny wings"


def test_another_intent_interrupts_and_the_flow_goes_on(talk: Conversation) -> None:
    talk.say("flights", "flights")
    answer = talk.say("what are your opening hours?", "hours")
    assert answer.text == "We open at 9.\n\nBack to your flight: Which airline?"
    assert answer.kind == "template"
    assert talk.inform("KLM", "airline=KLM") == "From where?"


def test_an_uncertain_intent_interrupts_if_the_message_answers_nothing(talk: Conversation) -> None:
    talk.say("flights", "flights")
    assert talk.say("and your hours?", "hours", confidence=0.5).kind == "template"


def test_an_interruption_comes_back_to_the_confirmation(confirming: Conversation) -> None:
    assert confirming.say("hello", "greet").text.endswith(f"Back to your flight: {CONFIRM}")
    assert confirming.say("yes", "affirm").text == "Booked Berlin-Rome."


def test_knowledge_interrupts(talk: Conversation) -> None:
    talk.say("flights", "flights")
    answer = talk.say("can my dog come along", dogs=0.7)
    assert answer.kind == "knowledge"
    assert answer.text == "Only small ones. (Source: Rules, page 2)\n\nBack to your flight: Which airline?"


def test_an_answer_that_looks_like_another_intent_is_an_answer(talk: Conversation) -> None:
    talk.say("flights", "flights")
    assert talk.say("Lufthansa", "hours", "airline=Lufthansa").text == "From where?", "the message is all value"
    assert talk.say("it would be Berlin I guess", "hours", "city=Berlin", confidence=0.6).text == "Where to?"
    answer = talk.say("are you open on Sundays in Rome too", "hours", "city=Rome", confidence=0.9)
    assert answer.text.startswith("We open at 9."), "a certain intent with a value in passing"


def test_a_flow_within_a_flow(talk: Conversation) -> None:
    talk.say("flights", "flights")
    assert talk.say("where is my parcel?", "parcel").text == "Which order?"
    answer = talk.inform("A-10432", "order_number=A-10432")
    assert answer == "Looking for A-10432.\n\nBack to your flight: Which airline?"


def test_cancelling_the_inner_flow_returns_to_the_outer(talk: Conversation) -> None:
    talk.say("flights", "flights")
    talk.say("where is my parcel?", "parcel")
    answer = talk.say("never mind").text
    assert answer.startswith("All right, I have stopped your parcel.")
    assert answer.endswith("Back to your flight: Which airline?")


def test_a_waiting_flow_is_taken_up_by_its_own_intent(talk: Conversation) -> None:
    talk.say("flights", "flights")
    talk.inform("KLM", "airline=KLM")
    talk.say("where is my parcel?", "parcel")
    assert talk.say("about those flights to Rome", "flights", "destination=Rome").text == "From where?"
    assert [flow.flow for flow in talk.state.flows] == ["parcel", "flight"]
    assert talk.flow.slots == {"airline": "KLM", "destination": "Rome"}


def test_its_own_intent_again_repeats_the_question(talk: Conversation) -> None:
    talk.say("flights", "flights")
    assert talk.say("I said flights", "flights").text == "Which airline?"
    assert len(talk.state.flows) == 1


def test_nesting_is_limited_and_the_oldest_flow_goes() -> None:
    flows = "".join(f"  f{n}: {{title: f{n}, intents: i{n}, required: [number], answer: x}}\n" for n in range(5))
    intents = "".join(f"  i{n}: {{title: t{n}}}\n" for n in range(5))
    bot = read_bot(DESK.replace("slots:\n", f"{intents}slots:\n", 1).replace("flows:\n", f"flows:\n{flows}"))
    talk = Conversation(bot)
    for n in range(5):
        talk.say(f"message {n}", f"i{n}")
    assert [flow.flow for flow in talk.state.flows] == ["f2", "f3", "f4"]
    assert len(talk.state.flows) == MAX_NESTED


def test_a_flow_may_refuse_interruptions(talk: Conversation) -> None:
    answer = talk.say("move my booking", "move")
    assert (answer.text, answer.suggestions) == ("Which cabin?", ("economy", "business"))
    assert talk.say("find my parcel", "parcel").text == "Please choose one of these: economy, business. Which cabin?"
    assert talk.say("when do you open", "hours").text.startswith("We open at 9.")
    assert talk.inform("the cheap one") == "Moved to economy."


def test_answers_in_vain_lead_to_help_and_then_to_a_person(talk: Conversation) -> None:
    talk.say("where is my parcel?", "parcel")
    assert talk.say("blue").text == "An order number looks like A-10432 or #558201. Which order?"
    assert talk.say("green").text.startswith("Sorry, we seem to be stuck.")
    answer = talk.say("red")
    assert (answer.kind, answer.handover) == ("handover", "failures")
    assert talk.state.handed_over


def test_the_offered_help_can_be_taken(talk: Conversation) -> None:
    talk.say("where is my parcel?", "parcel")
    talk.say("blue")
    talk.say("green")
    assert talk.say("yes please", "affirm").handover == "requested"


def test_a_confirmation_offers_no_help_since_yes_could_mean_either(confirming: Conversation) -> None:
    assert confirming.say("hm").text == f"Sorry, I did not get that. {CONFIRM}"
    assert confirming.say("hmm").text == f"Sorry, I did not get that. {CONFIRM}"
    assert confirming.say("yes", "affirm").text == "Booked Berlin-Rome."


def test_help_is_offered_when_nobody_says_what_to_change(confirming: Conversation) -> None:
    confirming.say("no", "deny")
    confirming.say("hm")
    assert confirming.say("hmm").text.startswith("Sorry, we seem to be stuck.")
    assert confirming.say("yes", "affirm").handover == "requested"


def test_an_earlier_value_is_named_as_wrong_while_another_is_asked(talk: Conversation) -> None:
    talk.say("KLM from Berlin", "flights", "airline=KLM", "origin=Berlin")
    assert talk.say("no, the origin is wrong", "deny").text == "From where?"
    assert talk.inform("Bonn", "city=Bonn") == "Where to?"


def test_an_answer_that_does_resets_the_attempts(talk: Conversation) -> None:
    talk.say("Berlin flights", "flights", "origin=Berlin")
    talk.say("what?")
    talk.say("how?")
    talk.inform("KLM", "airline=KLM")
    assert talk.flow.attempts == 0


def test_so_does_a_value_for_another_slot(talk: Conversation) -> None:
    talk.say("flights", "flights")
    talk.say("what?")
    assert talk.flow.attempts == 1
    assert talk.inform("to Rome", "destination=Rome") == "Which airline?"
    assert talk.flow.attempts == 0


def test_a_value_to_remember_is_asked_for_once(talk: Conversation) -> None:
    talk.say("hello, it is about A-10432", "greet", "order_number=A-10432")
    assert talk.say("where is my parcel?", "parcel").text == "Looking for A-10432."
    assert talk.say("and parcel B-20555", "parcel", "order_number=B-20555").text == "Looking for B-20555."
    assert talk.state.slots == {"number": "B-20555"}


def test_the_opening_follows_the_tone(talk: Conversation) -> None:
    assert talk.say("a flight, at last", "flights", tone="negative").text == "Do not worry. Which airline?"


def test_a_state_from_an_older_bot_does_no_harm() -> None:
    old = DialogueState(
        flows=(
            FlowState(flow="gone", slots={"x": "y"}, asked="x"),
            FlowState(flow="parcel", slots={"gone": "1"}, asked="gone"),
            FlowState(flow="flight", slots={"airline": "KLM", "gone": "1"}, asked=None, confirming=False),
        ),
        slots={"gone": "1"},
        offered=("gone",),
    )
    talk = Conversation(state=old)
    answer = talk.say("hm", tone="neutral")
    assert answer.text
    assert [flow.flow for flow in talk.state.flows] == ["parcel", "flight"]
    assert talk.inform("from Berlin to Rome", "origin=Berlin", "destination=Rome") == "When?"
