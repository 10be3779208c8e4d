"""Whatever is said: no error, an answer, and a state that does not grow."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bot.bot_file import read_bot
from shared.contracts.chat.turns import DialogueState
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.dialogue.flows import MAX_NESTED
from tests.unit.dialogue.conversation import DESK, Conversation

BOT = read_bot(DESK)
INTENTS = (*BOT.intents, OUT_OF_SCOPE, "unheard")
VALUES = {
    "airline": ("KLM", "x" * 300),
    "origin": ("Berlin", "1234"),
    "destination": ("Rome", "ROME!"),
    "city": ("Oslo", " "),
    "date": ("tomorrow", "yesterday", "31 February"),
    "order_number": ("A-10432", "none"),
    "travellers": ("two",),
    "unheard": ("?",),
}
TEXTS = (
    "and then?",
    "help",
    "yes",
    "no",
    "never mind",
    "the first one",
    "Opening hours",
    "1",
    "no preference",
    "the date",
    "",
    "?",
    "{x}",
)


@st.composite
def turns(draw: st.DrawFn) -> dict[str, Any]:
    labels = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3))
    entities = [f"{label}={draw(st.sampled_from(VALUES[label]))}" for label in labels]
    words = [draw(st.sampled_from(TEXTS) | st.text(max_size=20)), *(entity.partition("=")[2] for entity in entities)]
    text = " ".join(words)
    clauses = draw(st.lists(st.sampled_from(INTENTS), max_size=3)) if text.split() else []
    return {
        "text": text,
        "parts": [(text.split()[-1], intent) for intent in clauses],
        "dogs_in_context": draw(st.sampled_from((None, 0.6, 0.9))),
        "intent": draw(st.sampled_from(INTENTS)),
        "entities": entities,
        "confidence": draw(st.sampled_from((0.1, 0.5, 0.95))),
        "tone": draw(st.sampled_from(("neutral", "neutral", "positive", "negative", -0.95))),
        "ranking": draw(st.lists(st.sampled_from(INTENTS), max_size=5, unique=True)),
        "dogs": draw(st.sampled_from((0.0, 0.6, 0.9))),
    }


def play(messages: list[dict[str, Any]]) -> tuple[list[str], DialogueState]:
    talk = Conversation(BOT)
    texts = []
    for message in messages:
        rest = {key: value for key, value in message.items() if key not in ("text", "intent", "entities")}
        answer = talk.say(message["text"], message["intent"], *message["entities"], **cast("Any", rest))
        texts.append(answer.text)
        assert bool(answer.text) == (answer.kind != "silent")
        assert (answer.kind == "handover") == (answer.handover is not None)
        check(talk.state)
    return texts, talk.state


def check(state: DialogueState) -> None:
    """The state stays small, whatever happened."""
    assert len(state.flows) <= MAX_NESTED
    assert len({flow.flow for flow in state.flows}) == len(state.flows)
    assert all(set(flow.slots) <= set(BOT.slots) for flow in state.flows)
    assert all(flow.attempts <= BOT.settings.attempts + 1 for flow in state.flows)
    assert set(state.slots) <= {name for name, slot in BOT.slots.items() if slot.remember}
    assert all(len(value) <= 500 for value in state.slots.values())
    assert state.failures < BOT.handover.failure_turns
    assert state.anger <= BOT.handover.anger_turns
    assert len(state.offered) <= 2
    assert state.topic in (None, "#dogs", *BOT.intents)


@given(messages=st.lists(turns(), min_size=1, max_size=14))
@settings(max_examples=250, deadline=None)
def test_any_conversation(messages: list[dict[str, Any]]) -> None:
    texts, state = play(messages)
    assert play(messages) == (texts, state), "the same conversation, byte for byte"
