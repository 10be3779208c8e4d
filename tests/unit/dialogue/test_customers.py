"""What the bot says to somebody it knows."""

from __future__ import annotations

import pytest

from shared.bot.bot_file import read_bot
from shared.contracts.chat.turns import DialogueState
from shared.contracts.chat.understanding import SentimentLabel
from shared.errors import InvalidInput
from tests.unit.dialogue.conversation import DESK, Conversation

KNOWS = DESK.replace(
    "greet: [Hello., Hi., Good day.]",
    'greet: [Hello., "Hello {customer.name}.", "Hello {customer.name} of {customer.town}."]',
)


def greeted(**known: str) -> str:
    return Conversation(read_bot(KNOWS), DialogueState(customer=known)).say("hello", "greet").text


def test_a_text_that_names_the_customer_is_said_to_one_who_is_known() -> None:
    assert greeted() == "Hello."
    assert greeted(id="c-1") == "Hello."
    assert greeted(id="c-1", name="Ada") == "Hello Ada."
    assert greeted(id="c-1", name="{day}") == "Hello {day}.", "a name is never a template"


def test_a_bot_file_must_have_words_for_those_who_are_not_known() -> None:
    only = DESK.replace("greet: [Hello., Hi., Good day.]", 'greet: "Hello {customer.name}."')
    with pytest.raises(InvalidInput, match=r"answers\.greet.*add one that does not"):
        read_bot(only)


def test_a_flow_starts_with_what_is_remembered_of_the_customer() -> None:
    talk = Conversation(state=DialogueState(slots={"number": "A-20992"}, customer={"id": "c-1"}))
    assert talk.say("where is my parcel", "parcel").text == "Looking for A-20992."
    assert talk.state.customer == {"id": "c-1"}


TONED = DESK.replace(
    "greet: [Hello., Hi., Good day.]",
    """greet:
    templates: Hello.
    negative: I am sorry.
    segments:
      vip: {templates: "Welcome back, {customer.name}.", positive: A pleasure!}
      gold: Good to see you.""",
)


@pytest.mark.parametrize(
    ("segment", "sentiment", "words"),
    [
        (None, "neutral", "Hello."),
        (None, "negative", "I am sorry."),
        ("gold", "negative", "Good to see you."),
        ("silver", "negative", "I am sorry."),
    ],
)
def test_the_tone_is_that_of_the_segment(segment: str | None, sentiment: SentimentLabel, words: str) -> None:
    known = {"id": "c-1", "segment": segment} if segment else {}
    talk = Conversation(read_bot(TONED.replace(", {customer.name}", "")), DialogueState(customer=known))
    assert talk.say("hello", "greet", tone=sentiment).text == words


def test_texts_of_a_segment_are_checked_like_all_others() -> None:
    with pytest.raises(InvalidInput, match=r"answers\.greet\.segments\.vip\.templates.*add one that does not"):
        read_bot(TONED)
    with pytest.raises(InvalidInput, match=r"answers\.greet\.segments\.vip\.negativ.*did you mean 'negative'"):
        read_bot(TONED.replace("positive: A", "negativ: A"))
