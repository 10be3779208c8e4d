"""Which rule of the policy answers, and what it leaves behind."""

from __future__ import annotations

import pytest

from shared.bot.bot_file import read_bot
from shared.contracts.chat.turns import DialogueState
from tests.unit.dialogue.conversation import DESK, Conversation


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


def test_an_intent_has_its_answer(talk: Conversation) -> None:
    answer = talk.say("when do you open?", "hours")
    assert (answer.text, answer.kind, answer.citations) == ("We open at 9.", "template", ())


@pytest.mark.parametrize(
    ("tone", "text"), [("negative", "Sorry: we open at 9."), ("positive", "Glad to: we open at 9.")]
)
def test_the_answer_follows_the_tone(talk: Conversation, tone: float, text: str) -> None:
    assert talk.say("when do you open?", "hours", tone=tone).text == text


def test_a_tone_without_own_words_gets_the_common_ones(talk: Conversation) -> None:
    assert talk.say("lousy", "whine", tone="positive").text == "So sorry."


def test_the_same_conversation_always_gets_the_same_words() -> None:
    texts = [f"hello {n}" for n in range(30)]
    first, second = Conversation(), Conversation()
    words = [first.say(text, "greet").text for text in texts]
    assert words == [second.say(text, "greet").text for text in texts]
    assert set(words) == {"Hello.", "Hi.", "Good day."}, "every variant is used"


def test_the_variant_depends_on_the_place_in_the_conversation(talk: Conversation) -> None:
    assert len({talk.say("hello", "greet").text for _ in range(10)}) > 1


def test_a_request_for_a_person(talk: Conversation) -> None:
    answer = talk.say("I want to talk to somebody", "person")
    assert (answer.text, answer.kind, answer.handover) == ("A colleague comes.", "handover", "requested")
    assert talk.state.handed_over


def test_after_the_handover_the_bot_is_silent(talk: Conversation) -> None:
    talk.say("a person!", "person")
    state = talk.state
    answer = talk.say("hello?", "greet", tone="negative")
    assert (answer.text, answer.kind, answer.handover) == ("", "silent", None)
    assert talk.state == state


def test_a_person_can_be_asked_for_in_a_flow(talk: Conversation) -> None:
    talk.say("flights", "flights")
    assert talk.say("let me talk to a human", "person").handover == "requested"


def test_anger_in_a_row_hands_over(talk: Conversation) -> None:
    talk.say("bad", "hours", tone="negative")
    talk.say("very bad", "hours", tone="negative")
    assert talk.say("awful", "hours", tone="negative").handover == "anger"


def test_a_calm_message_ends_the_row(talk: Conversation) -> None:
    for tone in (-0.6, -0.6, 0.1, -0.6, -0.6):
        assert talk.say("hm", "hours", tone=tone).handover is None
    assert talk.state.anger == 2


def test_two_messages_are_enough_if_the_second_is_very_negative(talk: Conversation) -> None:
    assert talk.say("I hate this", "hours", tone=-0.95).handover is None, "not at the first one"
    assert talk.say("I hate you all", "hours", tone=-0.95).handover == "anger"


def test_anger_goes_before_a_flow(talk: Conversation) -> None:
    talk.say("flights", "flights")
    talk.say("KLM!!", "inform", "airline=KLM", tone="negative")
    talk.say("Rome, damn it", "inform", "city=Rome", tone="negative")
    assert talk.say("tomorrow, idiots", "inform", "date=tomorrow", tone="negative").handover == "anger"


def test_knowledge_answers_what_no_intent_does(talk: Conversation) -> None:
    answer = talk.say("may my poodle come", dogs=0.71)
    assert answer.kind == "knowledge"
    assert answer.text == "Only small ones. (Source: Rules, page 2)"
    (citation,) = answer.citations
    assert (citation.id, citation.source, citation.score) == ("dogs", "Rules, page 2", 0.71)


def test_knowledge_answers_when_the_intent_is_uncertain(talk: Conversation) -> None:
    assert talk.say("may my poodle come", "hours", confidence=0.3, dogs=0.6).kind == "knowledge"
    assert talk.say("may my poodle come", "hours", confidence=0.5, dogs=0.6).kind == "template"


def test_a_very_good_match_goes_before_a_general_answer_but_not_before_a_flow(talk: Conversation) -> None:
    assert talk.say("dog", "hours", dogs=0.85).kind == "knowledge"
    assert talk.say("dog", "flights", dogs=0.85).kind == "flow"


def test_that_preference_can_be_switched_off() -> None:
    bot = read_bot(DESK.replace("intents:", "settings: {knowledge_over_answer: null}\nintents:", 1))
    assert Conversation(bot).say("dog", "hours", dogs=0.99).kind == "template"


def test_the_knowledge_is_only_searched_when_needed(talk: Conversation) -> None:
    talk.say("flights", "flights")
    talk.say("a person", "person")
    assert talk.searches == 0


def test_fallback_offers_the_two_likeliest_intents_that_can_be_asked_for(talk: Conversation) -> None:
    answer = talk.say("hrmpf", ranking=("affirm", "inform", "unheard", "hours", "parcel", "greet"))
    assert answer.kind == "fallback"
    assert answer.text == "I am not sure what you mean. Is it “Opening hours” or “Find a parcel”?"
    assert answer.suggestions == ("Opening hours", "Find a parcel")
    assert talk.state.offered == ("hours", "parcel")


def test_an_intent_may_be_kept_out_of_offers() -> None:
    bot = read_bot(DESK.replace("hours: {title: Opening hours}", "hours: {title: Opening hours, offer: false}"))
    answer = Conversation(bot).say("hrmpf", ranking=("hours", "parcel", "greet"))
    assert answer.suggestions == ("Find a parcel", "Say hello")


def test_fallback_with_one_intent_and_with_none(talk: Conversation) -> None:
    assert talk.say("hrmpf", ranking=("hours",)).text.endswith("Is it “Opening hours”?")
    assert talk.say("hrmpf").text == "Sorry, I did not understand that. Could you say it in other words?"


@pytest.mark.parametrize("text", ["the first one", "1", "opening  HOURS!", "the former, please"])
def test_the_first_offer_is_picked(talk: Conversation, text: str) -> None:
    talk.say("hrmpf", ranking=("hours", "parcel"))
    assert talk.say(text).text == "We open at 9."
    assert talk.state.offered == ()
    assert talk.state.failures == 0


def test_the_second_offer_is_picked_and_may_start_a_flow(talk: Conversation) -> None:
    talk.say("hrmpf", ranking=("hours", "parcel"))
    assert talk.say("the second one", "greet").text == "Which order?"


def test_yes_picks_a_single_offer_only(talk: Conversation) -> None:
    talk.say("hrmpf", ranking=("hours",))
    assert talk.say("yes", "affirm").text == "We open at 9."
    talk.say("hrmpf", ranking=("hours", "parcel"))
    assert talk.say("yes", "affirm").text == "Fine."


def test_an_offer_is_forgotten_after_one_turn(talk: Conversation) -> None:
    talk.say("hrmpf", ranking=("hours", "parcel"))
    talk.say("hello", "greet")
    assert talk.say("the first one").kind == "fallback"


def test_failures_in_a_row_hand_over(talk: Conversation) -> None:
    assert talk.say("hrmpf").kind == "fallback"
    assert talk.say("grmpf").kind == "fallback"
    assert talk.say("brmpf").handover == "failures"


def test_an_understood_message_ends_the_row(talk: Conversation) -> None:
    for _ in range(3):
        talk.say("hrmpf")
        talk.say("grmpf")
        assert talk.state.failures == 2
        talk.say("hello", "greet")
        assert talk.state.failures == 0


def test_an_intent_that_the_bot_does_not_know_is_not_understood(talk: Conversation) -> None:
    assert talk.say("sing!", "sing").kind == "fallback"
    assert talk.say("blue", "inform").kind == "fallback", "a bare value, and nobody asked for one"


def test_a_model_without_sentiment_and_intents_is_no_reason_to_fail() -> None:
    talk = Conversation(state=DialogueState(failures=1))
    assert talk.say("", confidence=0.0).kind == "fallback"


def test_intents_that_only_steer_need_not_be_listed() -> None:
    lines = [line for line in DESK.splitlines() if not line.startswith(("  affirm:", "  deny:", "  inform:"))]
    talk = Conversation(read_bot("\n".join(lines)))
    text = "KLM from Berlin to Rome tomorrow"
    talk.say(text, "flights", "airline=KLM", "origin=Berlin", "destination=Rome", "date=tomorrow")
    assert talk.say("that is what I want", "affirm").text == "Booked Berlin-Rome."
