"""A conversation that begins with what angers many customers just now."""

from __future__ import annotations

from shared.bot.bot_file import read_bot
from shared.dialogue.explaining import decided, passed_over
from tests.unit.dialogue.conversation import DESK, Conversation

CAREFUL = DESK + "  surge: Many ask this today. A colleague comes.\n"


def _talk(bot: str = CAREFUL) -> Conversation:
    return Conversation(read_bot(bot))


def test_it_goes_to_a_person() -> None:
    talk = _talk()
    answer = talk.say("when do you open?", "hours", surging=["hours"])
    assert (answer.kind, answer.handover, answer.text) == (
        "handover",
        "surge",
        "Many ask this today. A colleague comes.",
    )
    assert talk.state.handed_over
    assert decided(talk.decision).rule == "surge"
    assert talk.say("hello?", "greet").kind == "silent"


def test_so_does_a_clause_of_the_message() -> None:
    text = "hello, when do you open?"
    answer = _talk().say(text, "greet", parts=[("hello", "greet"), ("when do you open?", "hours")], surging=["hours"])
    assert answer.handover == "surge"


def test_other_wishes_are_answered_as_ever() -> None:
    talk = _talk()
    assert talk.say("hello", "greet", surging=["hours"]).kind == "template"
    reasons = {one.rule: one.reason for one in passed_over(talk.decision)}
    assert reasons["surge"] == "no alert fires on what the customer wants"


def test_a_conversation_under_way_stays_with_the_bot() -> None:
    talk = _talk()
    talk.say("hello", "greet")
    assert talk.say("when do you open?", "hours", surging=["hours"]).kind == "template"


def test_a_bot_file_without_words_for_it_hands_nothing_over() -> None:
    talk = _talk(DESK)
    assert talk.say("when do you open?", "hours", surging=["hours"]).kind == "template"
    reasons = {one.rule: one.reason for one in passed_over(talk.decision)}
    assert reasons["surge"] == "the bot file hands nothing over in a surge"


def test_a_doubtful_wish_is_none() -> None:
    assert _talk().say("opening perhaps", "hours", confidence=0.1, surging=["hours"]).handover is None
