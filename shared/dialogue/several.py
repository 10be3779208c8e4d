"""Several things in one message: each is answered, in order, and a flow among them comes last, so that its question ends the answer."""

from __future__ import annotations

from collections.abc import Iterator

from shared.contracts.chat.turns import Answer, DialogueState, FlowState
from shared.dialogue import flows
from shared.dialogue.answers import look_up, serve
from shared.dialogue.turn import Outcome, Turn

#: Answers to one message.
MAX_ANSWERS = 3


def several(turn: Turn, state: DialogueState) -> Outcome | None:
    """Answer each clause that surely wants something of its own; ``None`` unless there are several, and none that only steers.

    One is enough if the whole message seems to want nothing: "hello, where is my order?".
    """
    if turn.picked is not None or any(part.steers() for part in turn.parts):
        return None
    wants = turn.intent is not None and (turn.can_offer(turn.intent) or turn.steers())
    outcomes = list(_answered(turn, state))[:MAX_ANSWERS]
    if len(outcomes) < (2 if wants else 1):
        return None
    for _, after in outcomes:
        state = state.model_copy(update={"slots": state.slots | after.slots, "topic": after.topic or state.topic})
    started = [after.flows[-1] for _, after in outcomes if after.flows]
    state = state.model_copy(update={"flows": _stacked(state.flows, started)})
    return _joined(turn, state, outcomes, is_open=bool(started)), state


def _answered(turn: Turn, state: DialogueState) -> Iterator[Outcome]:
    """The answers to the clauses, each as if it were the whole message; no answer twice."""
    seen: set[str] = set()
    for part in turn.parts:
        if part.intent is not None and not part.can_offer(part.intent):
            continue
        name = part.bot.flow_started_by(part.intent) if part.intent is not None else None
        alone = state.model_copy(update={"flows": tuple(flow for flow in state.flows if flow.flow == name)})
        outcome = _outcome(part, alone, state)
        subject = _subject(part, outcome[0]) if outcome is not None else None
        if outcome is not None and subject is not None and subject not in seen:
            seen.add(subject)
            yield outcome


def _outcome(part: Turn, alone: DialogueState, state: DialogueState) -> Outcome | None:
    """What a clause gets, if its intent is sure; a doubtful one that no knowledge pair fits is no wish of its own."""
    certain = part.intent is not None and part.confidence >= part.bot.settings.act_confidence
    served = serve(part, alone) if certain and flows.admits(part, state, part.intent) else None
    return served or (look_up(part, alone) if flows.admits(part, state, None) else None)


def _subject(part: Turn, answer: Answer) -> str | None:
    return answer.citations[0].id if answer.citations else part.intent


def _stacked(waiting: tuple[FlowState, ...], started: list[FlowState]) -> tuple[FlowState, ...]:
    """The flows that wait, and above them those begun now: what was wished first is done first."""
    names = {flow.flow for flow in started}
    below = tuple(flow for flow in waiting if flow.flow not in names)
    return (*below, *reversed(started))[-flows.MAX_NESTED :]


def _joined(turn: Turn, state: DialogueState, outcomes: list[Outcome], *, is_open: bool) -> Answer:
    """One answer of all. Of the flows begun now only the first is spoken of; the others come up when it is done."""
    closed = [answer for answer, after in outcomes if not after.flows]
    opened = [answer for answer, after in outcomes if after.flows][:1]
    text = "\n\n".join(answer.text for answer in (*closed, *opened))
    said = (*closed, *opened)
    return Answer(
        text=text if is_open else flows.back(turn, state, text),
        kind="flow" if is_open else said[0].kind,
        citations=tuple(citation for answer in said for citation in answer.citations),
        suggestions=opened[0].suggestions if opened else (),
        guards=tuple(hit for answer in said for hit in answer.guards),
    )
