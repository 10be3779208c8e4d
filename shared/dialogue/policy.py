"""The dialogue policy: which answer a turn gets, and what is remembered. Pure: the same turn always gets the same answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from shared.bot.bot import Bot
from shared.contracts.chat.turns import KNOWLEDGE, Answer, DialogueState, FlowState, GuardHit, OfferState, TurnReceived
from shared.contracts.chat.understanding import Understanding
from shared.contracts.knowledge.recommendation import RecommendItems
from shared.dialogue import acts, answers, flows, guarding, handover, languages, offers, pictures, topics
from shared.dialogue.parts import turn_of
from shared.dialogue.several import several
from shared.dialogue.turn import Outcome, Search, Searches, Turn

Rule = Callable[[Turn, DialogueState], Outcome | None]
"""Answers a turn, or leaves it to the next rule."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy made of a turn.

    Attributes:
        turn: As the rules saw it.
        before: The state before any of them.
        answer: What is said.
        state: What is remembered.
        unanswered: Nothing of the bot file answers it; ``answer`` only says so, or asks again.
        rule: Which one decided.
        wish: What recommendation is to be asked for; ``answer`` is what is said if it has nothing, see ``offers.offered``.
    """

    turn: Turn
    before: DialogueState
    answer: Answer
    state: DialogueState
    unanswered: bool
    rule: Rule
    wish: RecommendItems | None = None


def decide(
    bot: Bot, received: TurnReceived, understanding: Understanding, *, search: Search | Searches, today: date
) -> Outcome:
    """The answer to a turn and the state after it.

    Args:
        bot: The bot that answers; a state that was written under an older one is brought in line with it.
        received: The text, the turns before it and the state they left.
        understanding: What the model understood.
        search: Looks the text up in the bot's knowledge, and its clauses and the text in its context where that is known; called
            only if needed.
        today: The day that words such as "tomorrow" count from.
    """
    decision = consider(bot, received, understanding, search=search, today=today)
    return decision.answer, decision.state


def consider(
    bot: Bot, received: TurnReceived, understanding: Understanding, *, search: Search | Searches, today: date
) -> Decision:
    """The same, with what is needed to answer the turn otherwise. Arguments as for ``decide``."""
    searches = search if isinstance(search, Searches) else Searches(search)
    state = _current(bot, received.state)
    turn = turn_of(bot, received, understanding, searches, today=today, state=state)
    state = handover.back_by_itself(turn, state)
    picked = _picked(turn, state.offered)
    if picked is not None:
        turn = turn.picking(picked)
    before = _noted(turn, state)
    rule, (answer, state) = next((rule, outcome) for rule in RULES if (outcome := rule(turn, before)) is not None)
    if answer.kind not in ("fallback", "silent", "blocked"):
        state = state.model_copy(update={"failures": 0})
    if turn.attachments:
        answer, state = pictures.offered(turn, (answer, state))
    if turn.guards:
        answer = answer.model_copy(update={"guards": (*turn.guards, *answer.guards)})
    # A question amid a flow is no answer to what the flow has asked for.
    unanswered = rule is fall_back or (rule is flows.missed and acts.asks(turn.text))
    wish = offers.wish(turn, state, received) if rule in (offers.begin, offers.others) else None
    return Decision(turn, before, answer, state, unanswered=unanswered, rule=rule, wish=wish)


def written(
    decision: Decision,
    text: str,
    kind: Literal["grounded", "generated", "blocked"],
    *,
    guards: Sequence[GuardHit] = (),
    **details: Any,
) -> Outcome:
    """The outcome of a turn that nothing of the bot file answers, and that a model, or a document, has answered.

    Args:
        decision: What the policy made of it.
        text: What is said.
        kind: Whether it rests on documents; ``blocked``: a guard let nothing of it through.
        guards: What the guards saw in it.
        details: Other fields of the answer.
    """
    seen = (*decision.turn.guards, *guards)
    answer = Answer(text=flows.back(decision.turn, decision.before, text), kind=kind, guards=seen, **details)
    return answer, decision.before.model_copy(update={"failures": 0})


def _current(bot: Bot, state: DialogueState) -> DialogueState:
    """The state without what the bot no longer has: the bot file may have changed during the conversation."""
    if not (state.flows or state.slots or state.offered or state.topic or state.offer):
        return state
    return state.model_copy(
        update={
            "flows": tuple(_current_flow(bot, flow) for flow in state.flows if flow.flow in bot.flows),
            "slots": {name: value for name, value in state.slots.items() if name in bot.slots},
            "offered": tuple(intent for intent in state.offered if bot.handles(intent)),
            "topic": _current_topic(bot, state.topic),
            "offer": _current_offer(bot, state.offer),
        }
    )


def _current_topic(bot: Bot, topic: str | None) -> str | None:
    if topic is None:
        return None
    known = {KNOWLEDGE + pair.id for pair in bot.knowledge} if topic.startswith(KNOWLEDGE) else bot.intents
    return topic if topic in known and (topic not in bot.intents or bot.handles(topic)) else None


def _current_offer(bot: Bot, offer: OfferState | None) -> OfferState | None:
    action = None if offer is None else bot.recommend.get(offer.action)
    return offer if offer is not None and action is not None and action.catalog == offer.catalog else None


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
    if len(offered) == 1:
        return offered[0] if turn.agrees() else None
    signals = (control.first, control.second)
    return next((intent for intent, signal in zip(offered, signals, strict=False) if turn.means(signal)), None)


def _noted(turn: Turn, state: DialogueState) -> DialogueState:
    """The state with the customer's mood, and with values that later flows may take over."""
    update = {"anger": handover.anger(turn, state), "offered": (), "proposed": {}, "slots": state.slots | turn.told}
    return state.model_copy(update=update)


def fall_back(turn: Turn, state: DialogueState) -> Outcome:
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
    flows.resumed,
    handover.silent,
    guarding.cared_for,
    guarding.refused,
    handover.requested,
    handover.angry,
    handover.surging,
    offers.picked,
    offers.others,
    pictures.confirmed,
    flows.go_on,
    topics.asked_on,
    several,
    languages.other_language,
    offers.begin,
    answers.serve,
    answers.look_up,
    topics.value_told,
    flows.missed,
    fall_back,
)
