"""Why a rule of the policy decides a turn or leaves it to the next: in a sentence, with what it measured. Pure.

One function for each rule. It is asked after the rules were tried, and only when somebody wants to know, so that the rules themselves
stay short and a turn pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.contracts.chat.turns import DialogueState
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.dialogue import answers, flows
from shared.dialogue.turn import Turn


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in a sentence without the customer's words.

    Attributes:
        text: The sentence.
        score: What was measured, if anything was.
        threshold: What it is measured by.
    """

    text: str
    score: float | None = None
    threshold: float | None = None


Judge = Callable[[Turn, DialogueState, bool], Reason]
"""The reason of a rule: the turn, the state before it, and whether the rule decided."""


def resumed(_turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``flows.resumed``."""
    if decided:
        return Reason("the customer wants the bot back")
    return Reason("the words do not ask for the bot" if state.handed_over else "no person has the conversation")


def silent(_turn: Turn, _state: DialogueState, decided: bool) -> Reason:
    """See ``handover.silent``."""
    return Reason("a person has the conversation" if decided else "no person has the conversation")


def cared_for(_turn: Turn, _state: DialogueState, decided: bool) -> Reason:
    """See ``guarding.cared_for``."""
    return Reason("the customer may harm himself" if decided else "nothing speaks of self-harm")


def refused(turn: Turn, _state: DialogueState, decided: bool) -> Reason:
    """See ``guarding.refused``."""
    if decided:
        hit = next(hit for hit in turn.guards if hit.blocked)
        return Reason(f"the guard {hit.guard} blocks it by its rule {hit.rule}")
    noted = ", ".join(hit.guard for hit in turn.guards)
    return Reason(f"what guards saw is only noted: {noted}" if noted else "no guard sees anything")


def requested(turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``handover.requested``."""
    wanted = turn.bot.handover.intents
    settings = turn.bot.settings
    bar = settings.act_confidence if state.flows else settings.min_confidence
    likely = [score.confidence for score in turn.understanding.ranking if score.name in wanted]
    text = "the customer asks for a person" if decided else "the customer does not surely ask for a person"
    return Reason(text, max(likely, default=0.0), bar)


def angry(turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``handover.angry``."""
    sentiment, limits = turn.understanding.sentiment, turn.bot.handover
    if decided:
        return Reason("too many negative messages in a row", float(state.anger), float(limits.anger_turns))
    if sentiment is None:
        return Reason("the model tells no sentiment")
    if not turn.negative:
        return Reason(f"the message is {sentiment.label}")
    if sentiment.confidence < limits.anger_confidence:
        return Reason("the message is not surely negative", sentiment.confidence, limits.anger_confidence)
    return Reason("not enough negative messages in a row", float(state.anger), float(limits.anger_turns))


def surging(turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``handover.surging``."""
    if decided:
        return Reason("many customers are angry about this just now")
    if turn.earlier_turns or state.flows:
        return Reason("the conversation has begun before")
    if not turn.bot.handover.surge:
        return Reason("the bot file hands nothing over in a surge")
    return Reason("no alert fires on what the customer wants")


def confirmed(turn: Turn, _state: DialogueState, decided: bool) -> Reason:
    """See ``pictures.confirmed``."""
    if decided:
        return Reason("the customer says whether what was read in the picture is right")
    return Reason(
        "the message does not say whether it is right" if turn.proposed else "nothing read in a picture waits for a yes"
    )


def goes_on(_turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``flows.go_on``."""
    if not state.flows:
        return Reason("no flow is under way")
    name = state.flows[-1].flow
    return Reason(f"the message belongs to the flow {name}" if decided else f"the message is not for the flow {name}")


def asked_on(turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``topics.asked_on``."""
    if decided:
        return Reason(f"the message asks on about {state.topic}")
    if state.flows:
        return Reason("a flow is under way")
    if state.topic is None:
        return Reason("there is no topic yet")
    if not turn.follows_up:
        return Reason("the message names its own matter")
    return Reason(
        f"the message is about something else than {state.topic}",
        turn.confidence,
        turn.bot.settings.interrupt_confidence,
    )


def picked(_turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``offers.picked``."""
    if decided:
        return Reason("the customer chose one of the items that were offered")
    return Reason("no item is chosen" if state.offer is not None else "no items were offered")


def others(_turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``offers.others``."""
    if decided:
        return Reason("the customer wants other items than those that were offered")
    return Reason("no others are asked for" if state.offer is not None else "no items were offered")


def begin(turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``offers.begin``."""
    name = None if turn.intent is None else turn.bot.recommended_by(turn.intent)
    if decided:
        return Reason(f"the intent {turn.intent} has items offered by {name}", turn.confidence)
    if name is not None and state.flows:
        return Reason(f"{turn.intent} does not interrupt the flow {state.flows[-1].flow}")
    return Reason("the message asks for nothing to be offered")


def several(turn: Turn, _state: DialogueState, decided: bool) -> Reason:
    """See ``several.several``."""
    if decided:
        return Reason(f"the message has {len(turn.parts)} clauses that want something of their own")
    if not turn.parts:
        return Reason("the message is a single clause")
    return Reason(
        "too few clauses surely want something of their own",
        max(part.confidence for part in turn.parts),
        turn.bot.settings.act_confidence,
    )


def other_language(turn: Turn, _state: DialogueState, decided: bool) -> Reason:
    """See ``languages.other_language``."""
    language = turn.understanding.language
    if decided:
        return Reason(f"the bot does not know the language {language}")
    if not turn.is_foreign:
        return Reason(f"the language ({language}) is no obstacle")
    return Reason("the intent is sure all the same", turn.confidence, turn.bot.settings.act_confidence)


def serve(turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``answers.serve``."""
    likeliest, bar = turn.understanding.intent, turn.bot.settings.min_confidence
    if turn.picked is not None:
        return Reason(f"the customer chose {turn.picked} from the offer", 1.0, bar)
    if likeliest is None:
        return Reason("the model tells no intent")
    name, score = likeliest.name, likeliest.confidence
    if decided:
        return Reason(f"the intent is {name}", score, bar)
    if name == OUT_OF_SCOPE:
        return Reason("the message belongs to no intent", score, bar)
    if score < bar:
        return Reason(f"no intent is sure enough; the likeliest is {name}", score, bar)
    if turn.intent is None:
        return Reason(f"the bot file knows no intent {name}", score, bar)
    if state.flows and (turn.steers() or not flows.admits(turn, state, name)):
        return Reason(f"{name} does not interrupt the flow {state.flows[-1].flow}", score, bar)
    if answers.knowledge_says_more(turn) and turn.match is not None:
        better = turn.bot.settings.knowledge_over_answer
        return Reason(f"the knowledge pair {turn.match.pair.id} says more than {name}", turn.match.score, better)
    return Reason(f"the bot file has neither a flow nor an answer for {name}", score, bar)


def look_up(turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``answers.look_up``."""
    match = turn.match
    if match is None:
        return Reason("the bot file has no knowledge to look into")
    bar = answers.needed_score(turn, match)
    if decided:
        return Reason(f"the knowledge pair {match.pair.id} fits", match.score, bar)
    if match.score >= bar and state.flows:
        return Reason(f"the flow {state.flows[-1].flow} is not interrupted by questions", match.score, bar)
    return Reason(f"no knowledge pair is near enough; the nearest is {match.pair.id}", match.score, bar)


def value_told(_turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``topics.value_told``."""
    if decided:
        return Reason(f"the message is a bare value for {state.topic}")
    if state.flows:
        return Reason("a flow is under way")
    return Reason("there is no topic yet" if state.topic is None else "the message is no bare value for the topic")


def missed(_turn: Turn, state: DialogueState, decided: bool) -> Reason:
    """See ``flows.missed``."""
    if decided:
        return Reason(f"nothing else fits, so the flow {state.flows[-1].flow} takes the message or asks again")
    return Reason("no flow is under way")


def fell_back(turn: Turn, state: DialogueState, _decided: bool) -> Reason:
    """The last rule, which always has an answer."""
    return Reason("nothing of the bot file answers", float(state.failures + 1), float(turn.bot.handover.failure_turns))
