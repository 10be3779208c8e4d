"""Flows: asking for what is missing, taking corrections, confirming, and coming back after an interruption."""

from __future__ import annotations

from collections.abc import Mapping

from shared.bot.bot import Flow
from shared.bot.slot import SlotType
from shared.contracts.chat.turns import Answer, DialogueState, FlowState
from shared.dialogue import acts, reviewing, which
from shared.dialogue.handover import hand_over, released
from shared.dialogue.reading import Reading, read
from shared.dialogue.turn import Outcome, Turn
from shared.dialogue.values.words import in_words
from shared.text.follow_ups import names_nothing

#: Flows that wait for each other; of more, the oldest is given up.
MAX_NESTED = 3
#: What customers call a slot of a type beside its title.
_ALSO_CALLED: dict[SlotType, tuple[str, ...]] = {"date": ("day",), "date_range": ("days", "dates")}
#: A message that consists of values for this part is an answer, whatever intent the model sees in it.
_MOSTLY_VALUES = 0.5


def go_on(turn: Turn, state: DialogueState) -> Outcome | None:
    """Take the message as part of the active flow; ``None`` if it is something else."""
    if not state.flows:
        return None
    current = state.flows[-1]
    flow = turn.bot.flows[current.flow]
    reading = read(turn, flow, current)
    steered = _steered(turn, state, reading)
    if steered is not None:
        return steered
    if _cuts_in(turn, flow, reading):
        return None
    if reading.tells:
        return _fill(turn, state, reading)
    followed = _followed_up(turn, state, flow)
    if followed is not None:
        return followed
    waiting = _answers_waiting(turn, state)
    if waiting is not None:
        return waiting
    if reading.faulty is not None:
        return _complain(turn, _replace(state, _asking_again(current, reading.faulty)))
    return _acted(turn, state, flow)


def _asks_on(turn: Turn) -> bool:
    """Whether a question names nothing ("how much do I get back?"), so that it is about this flow and not the wish for another one."""
    begins_another = turn.intent is not None and turn.bot.flow_started_by(turn.intent) is not None
    return begins_another and acts.asks(turn.text) and names_nothing(turn.text)


def _followed_up(turn: Turn, state: DialogueState, flow: Flow) -> Outcome | None:
    """What the bot file says to such a question once all values are there, and then the flow's own question again."""
    reply = turn.bot.intents[flow.intents[0]].follow_up
    if reply is None or not state.flows[-1].confirming or not _asks_on(turn):
        return None
    return Answer(text=back(turn, state, turn.reply(reply, state.slots)), kind="template"), state


def _answers_waiting(turn: Turn, state: DialogueState) -> Outcome | None:
    """A message that is the value which a waiting flow had asked for, and none of the active one: that flow goes on."""
    for waiting in reversed(state.flows[:-1]):
        asked = waiting.asked
        value = turn.reader.found(asked, turn.text) if asked is not None else None
        if asked is not None and value is not None:
            others = tuple(flow for flow in state.flows if flow is not waiting)
            return _fill(
                turn, state.model_copy(update={"flows": (*others, waiting)}), Reading({asked: value}, None, 1.0)
            )
    return None


def _acted(turn: Turn, state: DialogueState, flow: Flow) -> Outcome | None:
    """A message without values: a plea for time, yes, no, no preference, or the wish that began the flow."""
    current = state.flows[-1]
    if acts.waits(turn.text) and not turn.says(turn.bot.control.no):
        return _wait(turn, state)
    if _wants_help(turn, current):
        return hand_over(turn, state, "requested")
    step = _confirmation if current.confirming else _answer if current.asked is not None else _change
    outcome = step(turn, state)
    if outcome is None and turn.intent in flow.intents:
        return _proceed(turn, state)
    if outcome is None and acts.only_waits(turn.text):
        return _complain(turn, state)
    return outcome


def start(turn: Turn, state: DialogueState, name: str) -> Outcome:
    """Begin a flow with what the message and the conversation already tell, or take a waiting one up again."""
    flow = turn.bot.flows[name]
    waiting = next((flow_state for flow_state in state.flows if flow_state.flow == name), None)
    known = {slot: state.slots[slot] for slot in (*flow.required, *flow.optional) if slot in state.slots}
    below = tuple(flow_state for flow_state in state.flows if flow_state.flow != name)[1 - MAX_NESTED :]
    state = state.model_copy(update={"flows": (*below, waiting or FlowState(flow=name, slots=known))})
    opening = turn.reply(flow.opening, known) if flow.opening is not None and waiting is None else ""
    return _fill(turn, state, read(turn, flow, state.flows[-1]), lead=opening)


def told(turn: Turn, state: DialogueState, values: Mapping[str, str]) -> Outcome:
    """Take values for the active flow that were told by other means than words, and go on."""
    return _fill(turn, state, Reading(dict(values), faulty=None, share=1.0))


def asked(turn: Turn, state: DialogueState) -> Outcome:
    """The question of the active flow, as if it had not been asked before."""
    return _flow_answer(turn, state, state.flows[-1])


def resumed(turn: Turn, state: DialogueState) -> Outcome | None:
    """The customer did not mean to be passed on, or wants the bot back: go on where the conversation stood."""
    if not state.handed_over or not turn.says(turn.bot.control.resume):
        return None
    state = released(state)
    question = _question(turn, state.flows[-1]) if state.flows else ""
    text = turn.say(turn.bot.wording.resumed, question=question).strip()
    return Answer(text=text, kind="flow" if state.flows else "template"), state


def missed(turn: Turn, state: DialogueState) -> Outcome | None:
    """Nobody else knew what to do with the message: take it as it stands, or ask once more."""
    if not state.flows:
        return None
    asked = state.flows[-1].asked
    value = _whole_answer(turn, asked) if asked is not None else None
    if asked is None or value is None:
        return _complain(turn, state)
    return _fill(turn, state, Reading({asked: value}, faulty=None, share=1.0))


def admits(turn: Turn, state: DialogueState, intent: str | None) -> bool:
    """Whether the active flow, if there is one, may be interrupted by an intent (``None``: by a question)."""
    allowed = turn.bot.flows[state.flows[-1].flow].interrupted_by if state.flows else "all"
    return allowed == "all" or intent in allowed


def back(turn: Turn, state: DialogueState, text: str) -> str:
    """The text, and after it the way back to the flow that waits."""
    if not state.flows:
        return text
    current = state.flows[-1]
    title = turn.bot.flows[current.flow].title
    return f"{text}\n\n{turn.say(turn.bot.wording.back, flow=title, question=_question(turn, current))}"


def _steered(turn: Turn, state: DialogueState, reading: Reading) -> Outcome | None:
    """What the words themselves ask for, whatever intent the model sees: to leave, to be helped, to change a value."""
    if _leaves(turn, state.flows[-1], reading):
        return _cancel(turn, state)
    if turn.says(turn.bot.control.help):
        return _help(turn, state)
    changes = reading.is_empty and acts.corrects(turn.words) and not acts.asks(turn.text)
    return _ask_named(turn, state) if changes else None


def _leaves(turn: Turn, current: FlowState, reading: Reading) -> bool:
    """Whether the customer gives the flow up. "I changed my mind, on Friday" or "… about the date" does not: it corrects a value."""
    cancel = turn.bot.control.cancel
    if _wishes_again(turn, current):
        return False
    if any(acts.is_whole(turn.words, phrase) for phrase in cancel.words):
        return True
    corrects = not reading.is_empty or _named(turn, current) is not None
    return turn.says(cancel) and not corrects and not acts.asks(turn.text)


def _wishes_again(turn: Turn, current: FlowState) -> bool:
    """Whether "ok, cancel it" answers "Shall I have it cancelled?": what the flow is there for. A bare "cancel" does not tell which."""
    said = acts.without_courtesy(turn.words)
    if not current.confirming or " " not in said or acts.is_qualified(turn.text, turn.words):
        return False
    title = in_words(turn.bot.flows[current.flow].title).split()
    wishes = [
        word for word in map(in_words, turn.bot.control.cancel.words) if any(one.startswith(word) for one in title)
    ]
    return any(word in said.split() for word in wishes)


def _cuts_in(turn: Turn, flow: Flow, reading: Reading) -> bool:
    """Whether the message wants something else than the active flow."""
    intent = turn.intent
    if intent is None or intent in flow.intents or turn.steers() or not turn.bot.handles(intent):
        return False
    if acts.only_waits(turn.text) or _asks_on(turn):
        return False
    if flow.interrupted_by != "all" and intent not in flow.interrupted_by:
        return False
    certain = turn.confidence >= turn.bot.settings.interrupt_confidence
    return not reading.tells or (certain and reading.share < _MOSTLY_VALUES)


def _wants_help(turn: Turn, current: FlowState) -> bool:
    """Yes to the offer of a colleague. Beside a confirmation it is not offered: nobody could tell what yes meant."""
    offered = current.attempts >= turn.bot.settings.attempts and not current.confirming
    return offered and turn.agrees()


def _confirmation(turn: Turn, state: DialogueState) -> Outcome | None:
    """Yes, no, or "the date is wrong"."""
    if turn.agrees() or _wishes_again(turn, state.flows[-1]):
        return _finish(turn, state)
    named = _ask_named(turn, state)
    if named is not None or not turn.refuses():
        return named
    current = state.flows[-1]
    flow = turn.bot.flows[current.flow]
    if flow.confirm_when == "remembered":  # what was taken over was wrong; nothing else can be meant
        return _flow_answer(turn, state, _asking_again(current, flow.required[0]))
    if (
        len(current.slots) == 1
    ):  # there is nothing to choose from: its one value is wrong, or it shall not be done at all
        wrong = acts.corrects(turn.words)
        return _flow_answer(turn, state, _asking_again(current, flow.required[0])) if wrong else _cancel(turn, state)
    return _flow_answer(turn, state, current.model_copy(update={"confirming": False, "asked": None, "attempts": 0}))


def _change(turn: Turn, state: DialogueState) -> Outcome | None:
    """What to change was asked: a slot by its name, or nothing after all."""
    named = _ask_named(turn, state)
    if named is not None:
        return named
    if turn.agrees():
        return _proceed(turn, state)
    return _cancel(turn, state) if turn.refuses() else None


def _answer(turn: Turn, state: DialogueState) -> Outcome | None:
    """An answer without a value: no preference, or no, to an earlier value or to the flow."""
    control, current = turn.bot.control, state.flows[-1]
    asked = current.asked or ""
    no_preference = turn.bot.slots[asked].no_preference
    refuses = turn.refuses()
    any_of_them = acts.says(turn.words, f"any {turn.bot.slots[asked].title}")
    if no_preference is not None and (refuses or any_of_them or turn.means(control.no_preference)):
        return _fill(turn, state, Reading({asked: no_preference}, faulty=None, share=1.0))
    return (_ask_named(turn, state) or _cancel(turn, state)) if refuses else None


def _whole_answer(turn: Turn, asked: str) -> str | None:
    """The message as the value of a slot that takes it whole, if it looks like an answer; for a city the model must think so too."""
    slot = turn.bot.slots[asked]
    if not slot.whole_answer or not _looks_like_an_answer(turn):
        return None
    if slot.type == "city" and not turn.means(turn.bot.control.values):
        return None
    return turn.reader.value(asked, turn.text)


def _looks_like_an_answer(turn: Turn) -> bool:
    """Whether a message could be a value: no question, no plea for time, no choice left to others, no yes and no no."""
    control = turn.bot.control
    if acts.asks(turn.text) or acts.waits(turn.text) or acts.leaves_it(turn.text):
        return False
    acted = acts.consists_of(turn.words, (*control.yes.words, *control.no.words))
    return not acted and turn.intent not in (*control.yes.intents, *control.no.intents)


def _help(turn: Turn, state: DialogueState) -> Outcome:
    """The question again, with what is expected and the offer of a person; asking for help is no answer in vain."""
    current = state.flows[-1]
    attempts = 0 if current.confirming else turn.bot.settings.attempts - 1
    return _complain(turn, _replace(state, current.model_copy(update={"attempts": attempts})))


def _wait(turn: Turn, state: DialogueState) -> Outcome:
    """The customer needs a moment: nothing was asked in vain."""
    current = state.flows[-1]
    question, title = _question(turn, current), turn.bot.flows[current.flow].title
    text = turn.say(turn.bot.wording.waiting, question=question, flow=title)
    return Answer(text=text, kind="flow", suggestions=_suggestions(turn, current)), state


def _ask_named(turn: Turn, state: DialogueState) -> Outcome | None:
    """The customer names a slot that is wrong: ask for it again."""
    name = _named(turn, state.flows[-1])
    return None if name is None else _flow_answer(turn, state, _asking_again(state.flows[-1], name))


def _named(turn: Turn, current: FlowState) -> str | None:
    """The filled slot that the message names by its title; a date is a day as well."""
    words = f" {turn.words} "
    slots = ((name, turn.bot.slots[name]) for name in current.slots)
    titles = ((name, (in_words(slot.title), *_ALSO_CALLED.get(slot.type, ()))) for name, slot in slots if slot.prompt)
    return next((name for name, called in titles if any(f" {title} " in words for title in called)), None)


def _asking_again(current: FlowState, name: str) -> FlowState:
    others = {slot: value for slot, value in current.slots.items() if slot != name}
    attempts = current.attempts if current.asked == name else 0
    update = {"slots": others, "asked": name, "confirming": False, "attempts": attempts, "which": ()}
    return current.model_copy(update=update)


def _fill(turn: Turn, state: DialogueState, reading: Reading, lead: str = "") -> Outcome:
    """Keep what was read and go on; what does not do is asked for again."""
    current = state.flows[-1]
    kept = {name: value for name, value in current.slots.items() if name not in reading.refused}
    current = current.model_copy(update={"slots": kept | reading.values, "attempts": 0, "which": ()})
    for name, values in reading.unclear.items():
        return _flow_answer(turn, state, _asking_again(current, name).model_copy(update={"which": values}), lead)
    for name in reading.refused:
        if turn.bot.slots[name].prompt:
            return _flow_answer(turn, state, _asking_again(current, name), lead)
    if reading.faulty is None:
        return _proceed(turn, _replace(state, current), lead)
    error = turn.reader.error(reading.faulty)
    lead = _joined(lead, turn.say(error) if error else "")
    return _flow_answer(turn, state, _asking_again(current, reading.faulty), lead)


def _proceed(turn: Turn, state: DialogueState, lead: str = "") -> Outcome:
    """Ask for the next slot, then for the confirmation, then finish."""
    current = state.flows[-1]
    flow = turn.bot.flows[current.flow]
    missing = next((name for name in flow.required if name not in current.slots), None)
    if missing is not None:
        attempts = current.attempts if current.asked == missing else 0
        update = {"asked": missing, "confirming": False, "attempts": attempts}
    elif _is_to_be_confirmed(turn, flow, current):
        update = {"asked": None, "confirming": True, "attempts": 0}
    else:
        return _finish(turn, state, lead)
    return _flow_answer(turn, state, current.model_copy(update=update), lead)


def _is_to_be_confirmed(turn: Turn, flow: Flow, current: FlowState) -> bool:
    """Whether the customer is asked before the end: where the file says so, only if what the flow needs was not told just now."""
    if flow.confirm is None or flow.confirm_when == "always":
        return flow.confirm is not None
    return current.asked is None and read(turn, flow, current).share == 0


def _finish(turn: Turn, state: DialogueState, lead: str = "") -> Outcome:
    current = state.flows[-1]
    kept = {name: value for name, value in current.slots.items() if turn.bot.slots[name].remember}
    state = state.model_copy(update={"flows": state.flows[:-1], "slots": state.slots | kept})
    flow = turn.bot.flows[current.flow]
    text = turn.reply(flow.answer, current.slots)
    held = reviewing.held(turn, flow, current.slots, text)
    text = _joined(lead, text if held is None else reviewing.waiting(turn, flow))
    return Answer(text=back(turn, state, text), kind="flow", guards=() if held is None else (held,)), state


def _cancel(turn: Turn, state: DialogueState) -> Outcome:
    """Give the flow up, and offer to begin it anew."""
    flow = turn.bot.flows[state.flows[-1].flow]
    state = state.model_copy(update={"flows": state.flows[:-1], "topic": None})
    text = turn.say(turn.bot.wording.cancelled, flow=flow.title)
    again = (turn.bot.intents[flow.intents[0]].title,) if not state.flows else ()
    return Answer(text=back(turn, state, text), kind="flow", suggestions=again), state


def _complain(turn: Turn, state: DialogueState) -> Outcome:
    """Ask again and say what is expected; then offer help; then hand over."""
    current = state.flows[-1]
    current = current.model_copy(update={"attempts": current.attempts + 1})
    state = _replace(state, current)
    limit = turn.bot.settings.attempts
    if current.attempts > limit:
        return hand_over(turn, state, "failures")
    question, title = _question(turn, current), turn.bot.flows[current.flow].title
    error = turn.reader.error(current.asked) if current.asked is not None else ()
    if current.attempts == limit and not current.confirming:
        text = turn.say(turn.bot.wording.stuck, question=question, flow=title)
    elif error:
        text = _joined(turn.say(error), question)
    else:
        text = turn.say(turn.bot.wording.repeat, question=question, flow=title)
    return Answer(text=text, kind="flow", suggestions=_suggestions(turn, current)), state


def _flow_answer(turn: Turn, state: DialogueState, current: FlowState, lead: str = "") -> Outcome:
    text = _joined(lead, _question(turn, current))
    answer = Answer(text=text, kind="flow", suggestions=_suggestions(turn, current))
    return answer, _replace(state, current)


def _question(turn: Turn, current: FlowState) -> str:
    """What the flow waits for, in words."""
    flow = turn.bot.flows[current.flow]
    if current.asked is not None:
        prompt = turn.ask(turn.bot.slots[current.asked].prompt, current.slots)
        values = which.listed(turn, current.asked, current.which)
        return turn.say(turn.bot.wording.which, values=values, question=prompt, flow=flow.title) if values else prompt
    if current.confirming and flow.confirm is not None:
        return turn.reply(flow.confirm, current.slots)
    return turn.say(turn.bot.wording.change, flow=flow.title)


def _suggestions(turn: Turn, current: FlowState) -> tuple[str, ...]:
    if current.asked is None:
        return ()
    shown = tuple(turn.reader.shown(current.asked, value) for value in current.which)
    return shown or tuple(turn.bot.slots[current.asked].choices)


def _replace(state: DialogueState, current: FlowState) -> DialogueState:
    return state.model_copy(update={"flows": (*state.flows[:-1], current)})


def _joined(*texts: str) -> str:
    return " ".join(text for text in texts if text)
