"""When a person takes over: somebody asks for it, is angry, or is not understood."""

from __future__ import annotations

from typing import Literal

from shared.contracts.chat import Answer, DialogueState
from shared.dialogue.turn import Outcome, Turn


def hand_over(turn: Turn, state: DialogueState, reason: Literal["requested", "anger", "failures"]) -> Outcome:
    """Say that a person takes over; from then on the bot is silent."""
    texts = getattr(turn.bot.handover, reason)
    answer = Answer(text=turn.say(texts), kind="handover", handover=reason)
    return answer, state.model_copy(update={"handed_over": True})


def silent(_turn: Turn, state: DialogueState) -> Outcome | None:
    """A person has taken over: say nothing."""
    return (Answer(text="", kind="silent"), state) if state.handed_over else None


def requested(turn: Turn, state: DialogueState) -> Outcome | None:
    """The customer asks for a person."""
    return hand_over(turn, state, "requested") if turn.intent in turn.bot.handover.intents else None


def angry(turn: Turn, state: DialogueState) -> Outcome | None:
    """Too many negative messages in a row, or a second one that is very negative."""
    sentiment = turn.understanding.sentiment
    limits = turn.bot.handover
    if sentiment is None or not turn.negative:
        return None
    escalating = state.anger >= 2 and sentiment.score <= limits.very_negative
    return hand_over(turn, state, "anger") if escalating or state.anger >= limits.anger_turns else None
