"""What a flow has collected for an intent that needs four eyes is held back."""

from __future__ import annotations

import pytest

from shared.bot.bot_file import read_bot
from shared.errors import InvalidBot
from tests.unit.dialogue.conversation import DESK, Conversation


def desk(review: str = "review: {four_eyes: [move]}") -> Conversation:
    return Conversation(read_bot(f"{DESK}\n{review}"))


def test_the_end_of_a_flow_waits_for_two_people() -> None:
    talk = desk()
    talk.say("move my booking", "move")
    answer = talk.say("business", "inform")
    assert "Moved" not in answer.text
    assert "your move" in answer.text
    (held,) = answer.guards
    assert (held.guard, held.rule, held.blocked) == ("four_eyes", "move", True)
    assert (held.withheld, held.values) == ("Moved to business.", {"cabin": "business"})
    assert talk.state.flows == ()


def test_one_message_that_says_all_waits_as_well_and_what_else_was_seen_stays() -> None:
    talk = desk("review: {four_eyes: [parcel]}")
    answer = talk.say("fucking hell, where is ORD-77120", "parcel", "order_number=ORD-77120")
    assert [hit.guard for hit in answer.guards] == ["profanity", "four_eyes"]


def test_the_bot_file_words_it_and_other_flows_end_as_ever() -> None:
    talk = desk("review: {four_eyes: [move], waiting: 'Two of us check {flow}.'}")
    talk.say("move my booking", "move")
    assert talk.inform("business") == "Two of us check your move."
    other = talk.say("where is my parcel ORD-77120", "parcel", "order_number=ORD-77120")
    assert (other.text, other.guards) == ("Looking for ORD-77120.", ())


@pytest.mark.parametrize(
    ("review", "field", "words"),
    [
        ("review: {four_eyes: [move, muve]}", "review.four_eyes.1", "did you mean 'move'"),
        ("review: {four_eyes: [greet], waiting: Wait.}", "review.waiting", "never said"),
        ("review: {four_eyes: [move], waiting: '{cabin}'}", "review.waiting.0", "no value here"),
    ],
)
def test_a_faulty_section_is_told_by_line(review: str, field: str, words: str) -> None:
    with pytest.raises(InvalidBot) as caught:
        desk(review)
    (fault,) = caught.value.faults
    assert (fault.field, fault.line) == (field, f"{DESK}\n{review}".count("\n") + 1)
    assert words in fault.message
