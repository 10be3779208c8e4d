"""When a person takes over: somebody asks for it, is angry, is not understood, or comes with what angers many just now."""

from __future__ import annotations

from typing import Literal

from shared.contracts.chat.turns import Answer, DialogueState
from shared.dialogue.turn import Outcome, Turn


def hand_over(turn: Turn, state: DialogueState, reason: Literal["requested", "anger", "failures", "surge"]) -> Outcome:
    """Say that a person takes over; from then on the bot is silent."""
    texts = getattr(turn.bot.handover, reason)
    answer = Answer(text=turn.say(texts), kind="handover", handover=reason)
    at = turn.at if turn.bot.handover.release_after is not None else 0.0
    return answer, state.model_copy(update={"handed_over": True, "last_at": at})


def silent(turn: Turn, state: DialogueState) -> Outcome | None:
    """A person has taken over: say nothing."""
    if not state.handed_over:
        return None
    counts = turn.bot.handover.release_after is not None
    return Answer(text="", kind="silent"), state.model_copy(update={"last_at": turn.at if counts else 0.0})


def back_by_itself(turn: Turn, state: DialogueState) -> DialogueState:
    """The state, given back to the bot if the person who took over has let so much time pass that nobody else will answer."""
    minutes = turn.bot.handover.release_after
    is_idle = minutes is not None and state.last_at > 0 and turn.at - state.last_at >= 60 * minutes
    return released(state) if state.handed_over and is_idle else state


def released(state: DialogueState) -> DialogueState:
    """The state in the hands of the bot again, which begins anew to count what went wrong."""
    return state.model_copy(update={"handed_over": False, "anger": 0, "failures": 0, "last_at": 0.0})


def requested(turn: Turn, state: DialogueState) -> Outcome | None:
    """The customer asks for a person, with the message or a clause of it. What only seems so does not end a flow."""
    wanted = turn.bot.handover.intents
    bar = turn.bot.settings.act_confidence if state.flows else 0.0
    asks = turn.intent in wanted and turn.confidence >= bar
    in_part = any(part.intent in wanted and part.confidence >= turn.bot.settings.act_confidence for part in turn.parts)
    return hand_over(turn, state, "requested") if asks or in_part else None


def anger(turn: Turn, state: DialogueState) -> int:
    """Negative messages in a row, this one counted. One that is only perhaps negative changes nothing."""
    if state.handed_over or not turn.negative:
        return 0
    return state.anger + 1 if _is_angry(turn) else state.anger


def angry(turn: Turn, state: DialogueState) -> Outcome | None:
    """Too many negative messages in a row, or a second one that is very negative."""
    sentiment = turn.understanding.sentiment
    limits = turn.bot.handover
    if sentiment is None or not _is_angry(turn):
        return None
    escalating = state.anger >= 2 and sentiment.score <= limits.very_negative
    return hand_over(turn, state, "anger") if escalating or state.anger >= limits.anger_turns else None


def _is_angry(turn: Turn) -> bool:
    """Whether the model is sure that the customer is displeased."""
    sentiment = turn.understanding.sentiment
    return turn.negative and sentiment is not None and sentiment.confidence >= turn.bot.handover.anger_confidence


def surging(turn: Turn, state: DialogueState) -> Outcome | None:
    """A conversation begins with a wish with which many customers are angry just now, and the bot file wants a person for it."""
    begins = not turn.earlier_turns and not state.flows
    wished = {turn.intent, *(part.intent for part in turn.parts)}
    if not begins or not turn.bot.handover.surge or not wished.intersection(turn.surging):
        return None
    return hand_over(turn, state, "surge")
