"""What is about the matter just spoken of, without naming it."""

from __future__ import annotations

import pytest

from shared.bot.bot_file import read_bot
from shared.contracts.chat.turns import DialogueState
from tests.unit.dialogue.conversation import DESK, Conversation


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


def test_a_bare_value_after_an_answer_is_noted_and_answered(talk: Conversation) -> None:
    talk.say("it arrived broken", "whine")
    answer = talk.say("A-77231", "inform", "order_number=A-77231")
    assert answer.text == "Thank you, I have noted order number A-77231. So sorry."
    assert talk.state.slots == {"number": "A-77231"}


def test_after_a_flow_it_begins_the_flow_again(talk: Conversation) -> None:
    talk.say("where is parcel A-1", "parcel", "order_number=A-10432".replace("A-10432", "A-1"))
    talk.inform("A-10001", "order_number=A-10001")
    answer = talk.say("A-10432", "inform", "order_number=A-10432")
    assert answer.text == "Looking for A-10432."
    again = talk.say("A-10432", "inform", "order_number=A-10432")
    assert again.text == "Thank you, I have noted order number A-10432.", "it has been passed on already"


def test_without_a_topic_it_is_not_understood(talk: Conversation) -> None:
    assert talk.say("A-77231", "inform", "order_number=A-77231").kind == "fallback"
    talk.say("where is my parcel?", "parcel")
    talk.say("never mind")
    assert talk.say("hrmpf", "inform").kind == "fallback"


def test_a_question_that_names_nothing_is_about_the_last_answer(talk: Conversation) -> None:
    talk.say("when do you open?", "hours")
    assert talk.say("how long does it take?").text == "We open at 9."


def test_the_bot_file_may_say_what_follows() -> None:
    title = "{title: Opening hours}"
    bot = read_bot(DESK.replace(title, "{title: Opening hours, follow_up: Until 18.}"))
    talk = Conversation(bot)
    talk.say("when do you open?", "hours")
    assert talk.say("and how long is that?", "hours").text == "Until 18."
    assert talk.say("and how long is that?", "hours", dogs_in_context=0.6).text == "Until 18."
    assert talk.say("and how long is that?", "hours", dogs_in_context=0.75).kind == "knowledge"


def test_an_intent_that_is_certain_goes_before(talk: Conversation) -> None:
    talk.say("it is all bad", "whine")
    assert talk.say("when is that?", "hours", confidence=0.9).text == "We open at 9."


def test_after_a_knowledge_pair_another_one_is_looked_for_in_context() -> None:
    cats = "knowledge:\n  - {id: cats, question: And my cat?, answer: In a box., source: page 3}\n"
    talk = Conversation(read_bot(DESK.replace("knowledge:\n", cats)), state=DialogueState(topic="#dogs"))
    assert talk.say("and to Japan?", "hours", dogs_in_context=0.6).text == "In a box. (Source: page 3)"
    assert talk.state.topic == "#cats"
    assert talk.say("and to Japan?", "hours", dogs_in_context=0.6).kind == "template", (
        "the same pair once more is no answer"
    )
    assert talk.say("when is that?", "hours", dogs_in_context=0.6).kind == "template"


@pytest.mark.parametrize(
    ("text", "dogs", "found"),
    [("dog", 0.56, True), ("paragraph", 0.7, False), ("lead", 0.76, True), ("how long do I have?", 0.7, False)],
)
def test_a_word_needs_evidence(talk: Conversation, text: str, dogs: float, found: bool) -> None:
    assert (talk.say(text, dogs=dogs).kind == "knowledge") is found


def test_a_topic_that_the_bot_has_lost_does_no_harm() -> None:
    talk = Conversation(state=DialogueState(topic="gone"))
    assert talk.say("how long does it take?").kind == "fallback"


def test_a_remembered_value_is_asked_about_where_the_file_says_so() -> None:
    confirm = 'confirm: "About {number}?"\n    confirm_when: remembered\n    answer: "Looking for {number}."'
    talk = Conversation(read_bot(DESK.replace('answer: "Looking for {number}."', confirm)))
    assert talk.say("where is A-10432?", "parcel", "order_number=A-10432").text == "Looking for A-10432."
    assert talk.say("where is my parcel?", "parcel").text == "About A-10432?"
    assert talk.say("no", "deny").text == "Which order?"
    assert talk.inform("A-10433", "order_number=A-10433") == "Looking for A-10433."
    talk.say("where is my parcel?", "parcel")
    assert talk.say("yes", "affirm").text == "Looking for A-10433."
