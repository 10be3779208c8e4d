"""The dialogue policy: which answer a turn gets, and what is remembered. Pure: the same turn always gets the same answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from shared.bot.bot import Bot
from shared.bot.slot import Slot
from shared.contracts.chat import Answer, Citation, DialogueState, FlowState, TurnReceived
from shared.contracts.understanding import Understanding
from shared.dialogue import flows, handover
from shared.dialogue.normal_form import in_normal_form
from shared.dialogue.reading import mentioned
from shared.dialogue.turn import Outcome, Search, Turn

Rule = Callable[[Turn, DialogueState], Outcome | None]


def decide(bot: Bot, received: TurnReceived, understanding: Understanding, *, search: Search, today: date) -> Outcome:
    """The answer to a turn and the state after it.

    Args:
        bot: The bot that answers; a state that was written under an older one is brought in line with it.
        received: The text, the turns before it and the state they left.
        understanding: What the model understood.
        search: Looks the text up in the bot's knowledge; called only if needed.
        today: The day that words such as "tomorrow" count from.
    """
    text, understanding = in_normal_form(received.text, understanding)
    turn = Turn(bot, text, understanding, len(received.history), today, search)
    state = _current(bot, received.state)
    picked = _picked(turn, state.offered)
    if picked is not None:
        turn = turn.picking(picked)
    state = _noted(turn, state)
    answer, state = next(outcome for rule in RULES if (outcome := rule(turn, state)) is not None)
    return answer, state if answer.kind in ("fallback", "silent") else state.model_copy(update={"failures": 0})


def _current(bot: Bot, state: DialogueState) -> DialogueState:
    """The state without what the bot no longer has: the bot file may have changed during the conversation."""
    return state.model_copy(
        update={
            "flows": tuple(_current_flow(bot, flow) for flow in state.flows if flow.flow in bot.flows),
            "slots": {name: value for name, value in state.slots.items() if name in bot.slots},
            "offered": tuple(intent for intent in state.offered if bot.handles(intent)),
        }
    )


def _current_flow(bot: Bot, state: FlowState) -> FlowState:
    flow = bot.flows[state.flow]
    names = (*flow.required, *flow.optional)
    return state.model_copy(
        update={
            "slots": {name: value for name, value in state.slots.items() if name in names},
            "asked": state.asked if state.asked in names and bot.slots[state.asked].prompt else None,
            "confirming": state.confirming and flow.confirm is not None,
        }
    )


def _picked(turn: Turn, offered: tuple[str, ...]) -> str | None:
    """The intent that the customer chose from the last offer: by its title, "the first one", or yes to a single one."""
    for intent in offered:
        if turn.titled(intent):
            return intent
    control = turn.bot.control
    signals = (control.first, control.second) if len(offered) > 1 else (control.yes,)
    return next((intent for intent, signal in zip(offered, signals, strict=False) if turn.means(signal)), None)


def _noted(turn: Turn, state: DialogueState) -> DialogueState:
    """The state with the customer's mood, and with values that later flows may take over."""
    known = {name: value for name, slot in turn.bot.slots.items() if (value := _mentioned(turn, name, slot))}
    anger = 0 if state.handed_over or not turn.negative else state.anger + 1
    return state.model_copy(update={"anger": anger, "offered": (), "slots": state.slots | known})


def _mentioned(turn: Turn, name: str, slot: Slot) -> str | None:
    return mentioned(turn, name) if slot.remember else None


def _serve(turn: Turn, state: DialogueState) -> Outcome | None:
    """Do what the intent asks for: start its flow or give its answer."""
    intent = turn.intent
    if intent is None or (state.flows and turn.steers()) or not flows.admits(turn, state, intent):
        return None
    name = turn.bot.flow_started_by(intent)
    if name is not None:
        return flows.start(turn, state, name)
    reply = turn.bot.answers.get(intent)
    if reply is None or _knowledge_says_more(turn):
        return None
    text = flows.back(turn, state, turn.reply(reply, state.slots))
    return Answer(text=text, kind="template"), state


def _knowledge_says_more(turn: Turn) -> bool:
    """Whether a knowledge pair fits so well that it goes before the general answer of an intent."""
    bar = turn.bot.settings.knowledge_over_answer
    return turn.picked is None and bar is not None and turn.match is not None and turn.match.score >= bar


def _look_up(turn: Turn, state: DialogueState) -> Outcome | None:
    """Answer from the knowledge, and cite it."""
    match = turn.match
    if match is None or match.score < turn.bot.settings.knowledge_score or not flows.admits(turn, state, None):
        return None
    pair = match.pair
    text = turn.say(turn.bot.wording.source, answer=pair.answer, source=pair.source)
    citation = Citation(id=pair.id, question=pair.question, source=pair.source, score=match.score)
    return Answer(text=flows.back(turn, state, text), kind="knowledge", citations=(citation,)), state


def _fall_back(turn: Turn, state: DialogueState) -> Outcome:
    """Offer the two likeliest intents; after too many failures in a row a person takes over."""
    failures = state.failures + 1
    if failures >= turn.bot.handover.failure_turns:
        return handover.hand_over(turn, state, "failures")
    offered = tuple(score.name for score in turn.understanding.ranking if turn.can_offer(score.name))[:2]
    titles = tuple(turn.bot.intents[intent].title for intent in offered)
    fallback = turn.bot.fallback
    texts = (fallback.rephrase, fallback.offer_one, fallback.offer_two)[len(offered)]
    text = turn.say(texts, **dict(zip(("first", "second"), titles, strict=False)))
    answer = Answer(text=text, kind="fallback", suggestions=titles)
    return answer, state.model_copy(update={"failures": failures, "offered": offered})


#: In this order; the last one always has an answer.
RULES: tuple[Rule, ...] = (
    handover.silent,
    handover.requested,
    handover.angry,
    flows.go_on,
    _serve,
    _look_up,
    flows.missed,
    _fall_back,
)
