"""Several things in one message."""

from __future__ import annotations

import pytest

from shared.contracts.chat.understanding import OUT_OF_SCOPE
from tests.unit.dialogue.conversation import Conversation


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


def test_several_wishes_are_answered_in_order_and_a_flow_comes_last(talk: Conversation) -> None:
    text = "where is my parcel and when do you open?"
    parts = [("where is my parcel", "parcel"), ("when do you open?", "hours")]
    answer = talk.say(text, "hours", parts=parts)
    assert (answer.text, answer.kind) == ("We open at 9.\n\nWhich order?", "flow")
    assert talk.inform("A-10432", "order_number=A-10432") == "Looking for A-10432."


def test_a_flow_that_is_told_all_ends_at_once(talk: Conversation) -> None:
    text = "find parcel A-10432, when do you open?"
    parts = [("find parcel A-10432", "parcel"), ("when do you open?", "hours")]
    answer = talk.say(text, "parcel", "order_number=A-10432", parts=parts)
    assert answer.text == "Looking for A-10432.\n\nWe open at 9."
    assert talk.state.flows == ()


def test_of_two_flows_the_first_one_comes_first(talk: Conversation) -> None:
    text = "find my parcel and find me a flight"
    parts = [("find my parcel", "parcel"), ("find me a flight", "flights")]
    assert talk.say(text, "flights", parts=parts).text == "Which order?"
    answer = talk.inform("A-10432", "order_number=A-10432")
    assert answer == "Looking for A-10432.\n\nBack to your flight: Which airline?"


def test_each_flow_takes_the_values_of_its_own_clause(talk: Conversation) -> None:
    text = "from Oslo, and a parcel A-10432"
    parts = [("from Oslo", "flights"), ("a parcel A-10432", "parcel")]
    answer = talk.say(text, "flights", "origin=Oslo", "order_number=A-10432", parts=parts)
    assert answer.text == "Looking for A-10432.\n\nLet us see. Which airline?"
    assert talk.flow.slots == {"origin": "Oslo"}


@pytest.mark.parametrize(
    "parts",
    [
        [("when do you open", "hours"), ("are you open late", "hours")],
        [("when do you open", "hours"), ("are you open late", OUT_OF_SCOPE)],
        [("when do you open", "inform"), ("are you open late", "parcel")],
    ],
)
def test_otherwise_the_whole_message_counts(talk: Conversation, parts: list[tuple[str, str]]) -> None:
    assert talk.say("when do you open, are you open late", "hours", parts=parts).text == "We open at 9."


def test_behind_a_message_that_wants_nothing_one_wish_is_enough(talk: Conversation) -> None:
    answer = talk.say("hm hello, where is my parcel?", parts=[("where is my parcel?", "parcel")])
    assert answer.text == "Which order?"


def test_a_clause_may_ask_for_a_person(talk: Conversation) -> None:
    parts = [("where is my parcel?", "parcel"), ("I want a human!", "person")]
    assert talk.say("where is my parcel? I want a human!", "parcel", parts=parts).handover == "requested"


def test_in_a_flow_the_answers_lead_back_to_it(talk: Conversation) -> None:
    talk.say("flights", "flights")
    parts = [("say hello now", "greet"), ("when do you open?", "hours")]
    answer = talk.say("say hello now and when do you open?", "hours", parts=parts)
    assert answer.text.endswith("\n\nWe open at 9.\n\nBack to your flight: Which airline?")
