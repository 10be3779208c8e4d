"""A customer who writes in a language that the bot does not know: told so, in that language if the file has the sentence."""

from __future__ import annotations

from shared.contracts.chat.turns import Answer, DialogueState
from shared.dialogue import flows, handover
from shared.dialogue.turn import Outcome, Turn


def other_language(turn: Turn, state: DialogueState) -> Outcome | None:
    """Say so and offer a person; it counts as not understood, so that after a few such messages one takes over."""
    understood = turn.intent is not None and not turn.steers() and turn.confidence >= turn.bot.settings.act_confidence
    if not turn.is_foreign or understood:
        return None
    failures = state.failures + 1
    if failures >= turn.bot.handover.failure_turns:
        return handover.hand_over(turn, state, "failures")
    sentences = turn.bot.wording.other_language
    text = turn.say(sentences.get(turn.understanding.language) or sentences[turn.bot.language])
    offered = turn.bot.handover.intents[:1]
    titles = tuple(turn.bot.intents[intent].title for intent in offered)
    answer = Answer(text=flows.back(turn, state, text), kind="fallback", suggestions=titles)
    return answer, state.model_copy(update={"failures": failures, "offered": offered})
