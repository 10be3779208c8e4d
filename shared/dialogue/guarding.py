"""What the policy does about a message that a guard blocks."""

from __future__ import annotations

from typing import Literal

from shared.contracts.chat.turns import Answer, DialogueState, GuardHit
from shared.dialogue import flows
from shared.dialogue.turn import Outcome, Turn

Said = Literal["blocked", "care", "withheld"]

#: Where the bot file has no words of its own: by what happened, and the language of the message.
_OURS: dict[Said, dict[str, tuple[str, ...]]] = {
    "blocked": {
        "en": ("I cannot do that. I am here for your questions to us: what can I do for you?",),
        "zh": ("这个我做不到。我在这里解答您的业务问题，请问需要什么帮助？",),
    },
    "care": {
        "en": (
            (
                "I am very sorry that you feel this way. You are not alone, and a colleague will be with you in this chat. If you are in danger now, "
                "please call your local emergency number or a crisis line, or tell somebody near you."
            ),
        ),
        "zh": (
            "听到您这样说，我很难过。您并不孤单，我们的同事会马上在这里陪您交流。如果您现在有危险，请立即拨打当地的急救电话或心理援助热线，或告诉身边的人。",
        ),
    },
    "withheld": {
        "en": ("I cannot say this for sure. A colleague can tell you.",),
        "zh": ("这一点我无法确认，同事可以答复您。",),
    },
}


def cared_for(turn: Turn, state: DialogueState) -> Outcome | None:
    """A customer who may harm himself is answered with care, and by a person."""
    hit = _blocking(turn, "self_harm")
    if hit is None:
        return None
    at = turn.at if turn.bot.handover.release_after is not None else 0.0
    answer = Answer(text=words(turn, "care"), kind="handover", handover="care", reasons=(reason(hit),))
    return answer, state.model_copy(update={"handed_over": True, "last_at": at})


def refused(turn: Turn, state: DialogueState) -> Outcome | None:
    """A message that a guard blocks reaches nobody; a flow under way asks its question again."""
    hit = next((hit for hit in turn.guards if hit.blocked), None)
    if hit is None:
        return None
    text = flows.back(turn, state, words(turn, "blocked"))
    return Answer(text=text, kind="blocked", reasons=(reason(hit),)), state


def words(turn: Turn, what: Said) -> str:
    """What the customer hears."""
    return turn.say(getattr(turn.bot.guards, what) or ours(what, turn.understanding.language))


def ours(what: Said, language: str) -> tuple[str, ...]:
    """What is said where the bot file has no words of its own."""
    return _OURS[what].get(language, _OURS[what]["en"])


def reason(hit: GuardHit) -> str:
    """As it stands among the reasons of a turn."""
    return f"guard: {hit.guard}/{hit.rule} blocked the {hit.side}"


def _blocking(turn: Turn, guard: str) -> GuardHit | None:
    return next((hit for hit in turn.guards if hit.guard == guard and hit.blocked), None)
