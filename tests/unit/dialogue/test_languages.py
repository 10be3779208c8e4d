"""Customers who write in another language."""

from __future__ import annotations

import pytest

from shared.bot.bot_file import read_bot
from shared.errors import InvalidBot
from tests.unit.dialogue.conversation import DESK, Conversation

OTHER = """\
wording:
  other_language: {en: "English only, a person?", de: "Nur Englisch, ein Mensch?"}
"""


@pytest.fixture
def talk() -> Conversation:
    return Conversation(read_bot(DESK.replace("version: 1", "version: 1\nlanguages: [en]") + OTHER))


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("wo ist mein Paket", "de", "Nur Englisch, ein Mensch?"),
        ("où est mon colis", "fr", "English only, a person?"),
        ("我的订单", "zh", "English only, a person?"),
    ],
)
def test_who_writes_in_another_language_is_told_so(talk: Conversation, text: str, language: str, said: str) -> None:
    answer = talk.say(text, language=language, dogs=0.7)
    assert (answer.text, answer.kind, answer.suggestions) == (said, "fallback", ("Talk to a person",))
    assert talk.say("yes", "affirm").handover == "requested"


@pytest.mark.parametrize(
    ("text", "intent", "language"),
    [
        ("Rio de Janeiro", "no", "pt"),
        ("vamos a la playa tours", "no", "und"),
        ("flights Rio de Janeiro São Paulo", "flights", "pt"),
        ("when do you open today", "hours", "en"),
    ],
)
def test_names_and_what_is_understood_are_no_other_language(
    talk: Conversation, text: str, intent: str, language: str
) -> None:
    assert talk.say(text, intent, language=language).suggestions != ("Talk to a person",)


def test_in_a_flow_its_question_comes_back(talk: Conversation) -> None:
    talk.say("flights", "flights")
    answer = talk.say("das ist mir ganz egal", "affirm", language="de")
    assert answer.text == "Nur Englisch, ein Mensch?\n\nBack to your flight: Which airline?"


def test_after_a_few_such_messages_a_person_takes_over(talk: Conversation) -> None:
    for _ in range(2):
        assert talk.say("wo ist mein Paket", language="de").kind == "fallback"
    assert talk.say("wo ist mein Paket", language="de").handover == "failures"


def test_a_bot_without_the_list_tells_nobody() -> None:
    assert "Could you say it in other words" in Conversation().say("wo ist mein Paket", language="de").text


@pytest.mark.parametrize(
    ("languages", "wording", "field", "message"),
    [
        ("languages: [de]", "wording: {other_language: {en: x}}", "languages", "the main language 'en' is missing"),
        ("languages: [en]", "", "languages", "add `wording.other_language.en`"),
        ("", "wording: {other_language: {en: x}}", "wording.other_language", "never said without `languages`"),
        (
            "languages: en",
            "wording: {other_language: {en: 'a {b}'}}",
            "wording.other_language.en.0",
            "has no value here",
        ),
    ],
)
def test_faults(languages: str, wording: str, field: str, message: str) -> None:
    with pytest.raises(InvalidBot) as caught:
        read_bot(DESK.replace("version: 1", f"version: 1\n{languages}") + wording)
    assert [(fault.field, message in fault.message) for fault in caught.value.faults] == [(field, True)]
