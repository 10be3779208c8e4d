"""What is said about the matter just spoken of, without naming it: a bare value, or "how long does it take?"."""

from __future__ import annotations

from shared.contracts.chat.turns import KNOWLEDGE, Answer, DialogueState, FlowState
from shared.dialogue import answers, flows
from shared.dialogue.reading import read
from shared.dialogue.turn import Outcome, Turn
from shared.text.follow_ups import goes_on


def value_told(turn: Turn, state: DialogueState) -> Outcome | None:
    """A bare value after an answer: it is noted, and what was answered goes on with it."""
    topic = state.topic
    if state.flows or topic is None or topic.startswith(KNOWLEDGE) or not _is_bare_value(turn):
        return None
    noted = turn.say(turn.bot.wording.noted, values=turn.listed(turn.told)) if turn.told else ""
    name = turn.bot.flow_started_by(topic)
    if name is not None:
        return _goes_on(turn, state, name, noted)
    reply = turn.bot.answers.get(topic)
    if reply is None:
        return None
    text = f"{noted} {turn.reply(reply, state.slots)}".strip()
    return Answer(text=text, kind="template"), state


def asked_on(turn: Turn, state: DialogueState) -> Outcome | None:
    """A question that names no matter, unless the model is sure of another: the topic's own answer, or a knowledge pair that fits."""
    topic = state.topic
    if state.flows or topic is None or not turn.follows_up:
        return None
    if topic.startswith(KNOWLEDGE):
        return answers.look_up(turn, state) if goes_on(turn.text) else None
    if _is_about_another(turn, topic):
        return None
    if (name := turn.bot.flow_started_by(topic)) is not None and _tells_another(turn):
        return flows.start(turn, state, name)
    found = answers.look_up(turn, state) if answers.knowledge_says_more(turn) else None
    if found is not None:
        return found
    reply = turn.bot.intents[topic].follow_up or turn.bot.answers.get(topic)
    return None if reply is None else (Answer(text=turn.reply(reply, state.slots), kind="template"), state)


def _tells_another(turn: Turn) -> bool:
    """Whether a follow-up brings a value that was not known: "and my other order, A-20992?"."""
    return any(turn.earlier.get(slot) != value for slot, value in turn.told.items())


def _is_bare_value(turn: Turn) -> bool:
    """Whether values are all that the message is known to hold."""
    says_nothing_else = turn.intent is None or turn.intent in turn.bot.control.values.intents
    return says_nothing_else and bool(turn.told or turn.entities)


def _goes_on(turn: Turn, state: DialogueState, name: str, noted: str) -> Outcome | None:
    """The flow of the topic once more, with another value; one that it has had already is only noted."""
    if not read(turn, turn.bot.flows[name], FlowState(flow=name)).values:
        return None
    if noted and all(turn.earlier.get(slot) == value for slot, value in turn.told.items()):
        return Answer(text=noted, kind="template"), state
    return flows.start(turn, state, name)


def _is_about_another(turn: Turn, topic: str) -> bool:
    certain = turn.confidence >= turn.bot.settings.interrupt_confidence
    return turn.intent not in (None, topic) and not turn.steers() and certain
