"""What stands in a customer's picture: ids, amounts and dates, which fill slots once the customer says that they are right."""

from __future__ import annotations

from collections.abc import Iterator

from shared.bot.slot import SlotType
from shared.contracts.chat.turns import Answer, DialogueState
from shared.dialogue import flows
from shared.dialogue.guards.injection import injection
from shared.dialogue.turn import Outcome, Turn
from shared.dialogue.values.found import Certainty
from shared.dialogue.values.words import in_words

#: Types of slots that a receipt, a ticket or a letter can tell.
_READ: frozenset[SlotType] = frozenset(("order_number", "regex", "amount", "date"))
#: Words beside the value that is meant, where several stand in a picture.
_BESIDE: dict[SlotType, tuple[str, ...]] = {
    "amount": (
        "total",
        "sum",
        "amount due",
        "to pay",
        "grand total",
        "balance",
        "合计",
        "总计",
        "总额",
        "应付",
        "实付",
    ),
    "order_number": ("order", "reference", "receipt no", "booking", "订单", "单号", "编号"),
    "date": ("date", "ordered", "purchased", "日期", "时间"),
}
#: What a line is that tells another value: the total without tax is not what was paid.
_NOT_BESIDE = ("subtotal", "sub total", "net total", "小计")
#: What answers a turn whatever a picture says.
_LEFT_ALONE = ("handover", "silent", "blocked")


def confirmed(turn: Turn, state: DialogueState) -> Outcome | None:
    """The answer to "In your picture I read …, is that right?"; ``None`` if nobody asked, or it is another matter."""
    values = {name: value for name, value in turn.proposed.items() if name in turn.bot.slots}
    if not values:
        return None
    if turn.agrees():
        if state.flows:
            return flows.told(turn, state, values)
        text = turn.say(turn.bot.wording.noted, values=turn.listed(values))
        return Answer(text=text, kind="template"), state.model_copy(update={"slots": state.slots | values})
    if not turn.refuses():
        return None
    if state.flows:
        return flows.asked(turn, state)
    return Answer(text=turn.say(turn.bot.wording.picture), kind="template"), state


def offered(turn: Turn, outcome: Outcome) -> Outcome:
    """The outcome of a turn with a picture: what it tells is shown, and asked about before it counts."""
    answer, state = outcome
    if answer.kind in _LEFT_ALONE:
        return outcome
    values = _values(turn, state)
    if values:
        question = turn.say(turn.bot.wording.picture_values, values=turn.listed(values))
        asks = answer.kind in ("flow", "fallback") or not turn.text.strip()
        text = question if asks else f"{answer.text}\n\n{question}"
        changed = answer.model_copy(
            update={"text": text, "kind": "flow", "suggestions": ()} if asks else {"text": text}
        )
        update = {"proposed": values, "offered": (), "failures": 0} if asks else {"proposed": values}
        return changed, state.model_copy(update=update)
    if turn.text.strip():
        return outcome
    if state.flows:
        return flows.asked(turn, state)
    answer = Answer(text=turn.say(turn.bot.wording.picture), kind="template", guards=answer.guards)
    return answer, state.model_copy(update={"offered": (), "failures": 0})


def words(turn: Turn) -> str:
    """What stands in the pictures of a turn, for a language model; nothing of one that speaks to the model."""
    return "\n".join(one.text for one in turn.attachments if one.text and injection(one.text) is None)


def _values(turn: Turn, state: DialogueState) -> dict[str, str]:
    """The values that the pictures tell of what is wanted, where they are clear; a piece of text fills one slot."""
    found: dict[str, str] = {}
    for name in _wanted(turn, state):
        told = list(dict.fromkeys(_of(turn, name)))
        if len(told) == 1 and told[0] not in found.values():
            found[name] = told[0]
    return found


def _wanted(turn: Turn, state: DialogueState) -> list[str]:
    """The empty slots of the flow under way; without one, those that any flow may take over."""
    slots = turn.bot.slots
    if state.flows:
        flow, current = turn.bot.flows[state.flows[-1].flow], state.flows[-1]
        names = [name for name in (*flow.required, *flow.optional) if name not in current.slots]
    else:
        names = [name for name, slot in slots.items() if slot.remember and name not in state.slots]
    return [name for name in names if slots[name].type in _READ]


def _of(turn: Turn, name: str) -> list[str]:
    """The values of a slot: in lines that speak of it if there are such, else in all of them."""
    slot = turn.bot.slots[name]
    lines = [line for one in turn.attachments for line in (*one.lines, *(code.text for code in one.codes))]
    beside = (in_words(slot.title), *_BESIDE.get(slot.type, ()))
    near = [line for line in lines if _speaks_of(line, beside)]
    return list(_read(turn, name, near)) or list(_read(turn, name, lines))


def _speaks_of(line: str, beside: tuple[str, ...]) -> bool:
    words = in_words(line)
    return any(word in words for word in beside) and not any(word in words for word in _NOT_BESIDE)


def _read(turn: Turn, name: str, lines: list[str]) -> Iterator[str]:
    least = Certainty.LIKELY if turn.bot.slots[name].type == "order_number" else Certainty.PLAIN
    for line in lines:
        for one in turn.reader.read(name, line):
            if one.value and one.certainty >= least and not one.rejected and turn.reader.fits(name, one.value):
                yield one.value
