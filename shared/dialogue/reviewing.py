"""What a flow has collected is held back where two people are to agree to it first."""

from __future__ import annotations

from collections.abc import Mapping

from shared.bot.bot import Flow
from shared.contracts.chat.turns import GuardHit
from shared.dialogue.turn import Turn

#: Where the bot file has no words of its own, by the language of the message.
_OURS = {
    "en": (
        "Thank you, I have passed on your request ({flow}). Two colleagues look at it before anything is done; you will hear of it here.",
    ),
    "zh": ("谢谢，您的请求（{flow}）已提交。须经两位同事审核后才会生效，结果会在这里告诉您。",),
}


def held(turn: Turn, flow: Flow, values: Mapping[str, str], answer: str) -> GuardHit | None:
    """A request that two people have to agree to, with the answer that is said once they do; ``None`` if nobody has to."""
    intent = next((intent for intent in flow.intents if intent in turn.bot.review.four_eyes), None)
    if intent is None:
        return None
    return GuardHit(guard="four_eyes", rule=intent, side="message", blocked=True, withheld=answer, values=dict(values))


def waiting(turn: Turn, flow: Flow) -> str:
    """What the customer hears until then."""
    ours = _OURS.get(turn.understanding.language, _OURS["en"])
    return turn.say(turn.bot.review.waiting or ours, flow=flow.title)
