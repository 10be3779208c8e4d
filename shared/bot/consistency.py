"""What a bot file may not contradict: every name is declared, every placeholder has a value, nothing is told twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches

from shared.bot.bot import Bot, Flow
from shared.bot.document import Path
from shared.bot.parts import Reply, Tones
from shared.bot.recommending import NUMBERS, ORDERED
from shared.bot.slot import Slot
from shared.bot.template import CUSTOMER, placeholders
from shared.contracts.chat.understanding import OUT_OF_SCOPE

Contradiction = tuple[Path, str]

#: The placeholders of the dialogue's own texts; the first one of a tuple must be there.
DIALOGUE_PLACEHOLDERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("wording", "back"): ("question", "flow"),
    ("wording", "cancelled"): ("", "flow"),
    ("wording", "change"): ("", "flow"),
    ("wording", "which"): ("values", "question", "flow"),
    ("wording", "waiting"): ("question", "flow"),
    ("wording", "repeat"): ("question", "flow"),
    ("wording", "resumed"): ("", "question"),
    ("wording", "stuck"): ("", "question", "flow"),
    ("wording", "source"): ("answer", "source"),
    ("wording", "noted"): ("values",),
    ("wording", "offer"): ("items",),
    ("wording", "offer_picked"): ("item",),
    ("wording", "offer_nothing"): ("",),
    ("wording", "picture"): ("",),
    ("wording", "picture_values"): ("values",),
    ("fallback", "offer_two"): ("first", "second"),
    ("fallback", "offer_one"): ("first",),
    ("fallback", "rephrase"): ("",),
    ("handover", "requested"): ("",),
    ("handover", "anger"): ("",),
    ("handover", "failures"): ("",),
    ("handover", "surge"): ("",),
    ("guards", "blocked"): ("",),
    ("guards", "care"): ("",),
    ("guards", "withheld"): ("",),
    ("review", "waiting"): ("", "flow"),
}


def contradictions(bot: Bot) -> Iterator[Contradiction]:
    """Every place where the bot does not agree with itself, and what to do about it."""
    checks: Sequence[Callable[[Bot], Iterator[Contradiction]]] = (
        _intents,
        _answered_once,
        _slots,
        _flows,
        _answers,
        _recommend,
        _dialogue_texts,
        _languages,
        _knowledge,
        _four_eyes,
    )
    for check in checks:
        yield from check(bot)


def _unknown(word: str, known: Iterable[str], what: str) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f"no {what} {word!r}" + (f"; did you mean {near[0]!r}?" if near else f"; declare it under `{what}s:`")


def _intents(bot: Bot) -> Iterator[Contradiction]:
    """Intents used but not declared, declared but unused, or with the same title."""
    for path, mentioned in _mentions(bot):
        if mentioned not in bot.intents:
            yield path, _unknown(mentioned, bot.intents, "intent")
    used = {intent for _, intent in _mentions(bot)} | set(_control_defaults(bot))
    titles: dict[str, str] = {}
    for name, intent in bot.intents.items():
        if name == OUT_OF_SCOPE:
            yield ("intents", name), "is reserved for messages that belong to no intent; the fallback answers them"
        elif name not in used:
            yield ("intents", name), f"nothing answers it; add `answers.{name}` or a flow, or take the intent out"
        if intent.follow_up is not None:
            yield from _reply(bot, ("intents", name, "follow_up"), intent.follow_up, filled=())
        other = titles.setdefault(intent.title.casefold(), name)
        if other != name:
            yield ("intents", name, "title"), f"the intent {other!r} has the same title; customers could not choose"


def _mentions(bot: Bot) -> Iterator[Contradiction]:
    """Every place that names an intent, with the name."""
    for intent in bot.answers:
        yield ("answers", intent), intent
    for name, flow in bot.flows.items():
        for index, intent in enumerate(flow.intents):
            yield ("flows", name, "intents", index), intent
        if flow.interrupted_by != "all":
            for index, intent in enumerate(flow.interrupted_by):
                yield ("flows", name, "interrupted_by", index), intent
    for name, action in bot.recommend.items():
        yield from ((("recommend", name, "intents", index), intent) for index, intent in enumerate(action.intents))
    yield from ((("handover", "intents", index), intent) for index, intent in enumerate(bot.handover.intents))
    for signal in bot.control.model_fields_set:
        for index, intent in enumerate(getattr(bot.control, signal).intents):
            yield ("control", signal, "intents", index), intent


def _control_defaults(bot: Bot) -> Iterator[str]:
    """Intents that steer the dialogue without being named in the file."""
    for signal in set(type(bot.control).model_fields) - bot.control.model_fields_set:
        yield from getattr(bot.control, signal).intents


def _answered_once(bot: Bot) -> Iterator[Contradiction]:
    """Intents with two different answers."""
    owners = {intent: f"answers.{intent}" for intent in bot.answers}
    claims: list[tuple[Path, str, str]] = [
        (("handover", "intents", index), intent, "handover") for index, intent in enumerate(bot.handover.intents)
    ]
    for name, flow in bot.flows.items():
        claims += [
            (("flows", name, "intents", index), intent, f"flows.{name}") for index, intent in enumerate(flow.intents)
        ]
    for name, action in bot.recommend.items():
        claims += [
            (("recommend", name, "intents", index), intent, f"recommend.{name}")
            for index, intent in enumerate(action.intents)
        ]
    for path, intent, owner in claims:
        first = owners.setdefault(intent, owner)
        if first != owner:
            yield path, f"the intent {intent!r} is answered by `{first}` already; keep one of them"


def _slots(bot: Bot) -> Iterator[Contradiction]:
    asked = {name for flow in bot.flows.values() for name in flow.required}
    for name, slot in bot.slots.items():
        path = ("slots", name)
        if name in asked and not slot.prompt:
            yield path, "a flow asks for it; add a `prompt`"
        if (slot.type == "choice") != bool(slot.choices):
            yield (*path, "choices"), "the type `choice` and `choices` go together; add or take out one"
        if (slot.type == "regex") != (slot.pattern is not None):
            yield (*path, "pattern"), "the type `regex` and a `pattern` go together; add or take out one"
        if slot.whole_answer and slot.type not in ("text", "city", "address"):
            yield (*path, "whole_answer"), "only slots of type `text`, `city` or `address` take a whole answer"
        if slot.past and slot.type not in ("date", "date_range"):
            yield (*path, "past"), "only slots of type `date` or `date_range` have days; take it out"
        if slot.of_range is not None and slot.type != "date":
            yield (*path, "of_range"), "only slots of type `date` take one end of a range; take it out"
        for key in ("prompt", "error"):
            yield from _templates(bot, (*path, key), getattr(slot, key), filled=())


def _flows(bot: Bot) -> Iterator[Contradiction]:
    for name, flow in bot.flows.items():
        yield from _flow_slots(bot, ("flows", name), flow)
        declared = tuple(slot for slot in flow.required if slot in bot.slots)
        for key, filled in (("opening", ()), ("confirm", declared), ("answer", declared)):
            reply = getattr(flow, key)
            if reply is not None:
                yield from _reply(bot, ("flows", name, key), reply, filled=filled)
        if flow.confirm_when != "always" and flow.confirm is None:
            yield ("flows", name, "confirm_when"), "says when to ask `confirm`, which is missing; add it"


def _flow_slots(bot: Bot, path: tuple[str, ...], flow: Flow) -> Iterator[Contradiction]:
    seen: set[str] = set()
    for key in ("required", "optional"):
        for index, slot in enumerate(getattr(flow, key)):
            if slot not in bot.slots:
                yield (*path, key, index), _unknown(slot, bot.slots, "slot")
            elif slot in seen:
                yield (*path, key, index), f"the slot {slot!r} is in this flow already"
            seen.add(slot)


def _answers(bot: Bot) -> Iterator[Contradiction]:
    for intent, reply in bot.answers.items():
        yield from _reply(bot, ("answers", intent), reply, filled=())


def _recommend(bot: Bot) -> Iterator[Contradiction]:
    """What narrows an offer has to be known when it is made: flows that are over leave only what is remembered."""
    for name, action in bot.recommend.items():
        used = [(("recommend", name, "filters", slot), slot) for slot in action.filters]
        used += [(("recommend", name, "query", str(index)), slot) for index, slot in enumerate(action.query)]
        for path, slot in used:
            known = bot.slots.get(slot)
            if known is None:
                yield path, _unknown(slot, bot.slots, "slot")
            elif not known.remember:
                yield path, f"the slot {slot!r} is forgotten by then; give it `remember: true`"
            elif slot in action.filters and action.filters[slot].type in ORDERED and known.type not in NUMBERS:
                yield (
                    path,
                    f"{slot!r} holds no number to compare by; its type has to be one of {', '.join(sorted(NUMBERS))}",
                )


def _reply(bot: Bot, path: Path, reply: Reply, *, filled: Sequence[str]) -> Iterator[Contradiction]:
    by_place: dict[Path, Tones] = {(): reply} | {("segments", name): tones for name, tones in reply.segments.items()}
    for place, tones in by_place.items():
        for key in Tones.model_fields:
            yield from _templates(bot, (*path, *place, key), getattr(tones, key), filled=filled)


def _templates(bot: Bot, path: Path, templates: Sequence[str], *, filled: Sequence[str]) -> Iterator[Contradiction]:
    """Placeholders must be slots that are filled for sure, or have a default to show; or tell of the customer, if that is not needed."""
    yield from _says_something_to_anybody(path, templates)
    for index, template in enumerate(templates):
        where = (*path, index)
        try:
            names = [name for name in placeholders(template) if not name.startswith(CUSTOMER)]
        except ValueError as error:
            yield where, str(error)
            continue
        for name in names:
            slot: Slot | None = bot.slots.get(name)
            if slot is None:
                yield where, f"the placeholder {{{name}}}: {_unknown(name, bot.slots, 'slot')}"
            elif name not in filled and slot.default is None:
                yield where, f"{{{name}}} may be empty here; give the slot a `default`"


def _says_something_to_anybody(path: Path, templates: Sequence[str]) -> Iterator[Contradiction]:
    """Who has not consented, or is not known, must be answered too."""
    if templates and all(f"{{{CUSTOMER}" in template for template in templates):
        yield path, f"every variant needs to know the customer ({{{CUSTOMER}…}}); add one that does not"


def _dialogue_texts(bot: Bot) -> Iterator[Contradiction]:
    for (section, key), (needed, *others) in DIALOGUE_PLACEHOLDERS.items():
        allowed = [name for name in (needed, *others) if name]
        yield from _says_something_to_anybody((section, key), getattr(getattr(bot, section), key))
        for index, template in enumerate(getattr(getattr(bot, section), key)):
            yield from _own_text((section, key, index), template, needed, allowed)


def _own_text(path: Path, template: str, needed: str, allowed: Sequence[str]) -> Iterator[Contradiction]:
    """A text of the dialogue itself, which has placeholders of its own."""
    try:
        names = {name for name in placeholders(template) if not name.startswith(CUSTOMER)}
    except ValueError as error:
        yield path, str(error)
        return
    for name in sorted(names - set(allowed)):
        known = ", ".join(f"{{{name}}}" for name in allowed) or "none"
        yield path, f"the placeholder {{{name}}} has no value here; known: {known}"
    if needed and needed not in names:
        yield path, f"must show {{{needed}}}"


def _languages(bot: Bot) -> Iterator[Contradiction]:
    """What is said to a customer in another language needs the list of those that are none."""
    if bot.languages and bot.language not in bot.languages:
        yield ("languages",), f"the main language {bot.language!r} is missing; add it"
    sentences = bot.wording.other_language
    if sentences and not bot.languages:
        yield (
            ("wording", "other_language"),
            "is never said without `languages`, the list of those that the bot understands",
        )
    if bot.languages and bot.language not in sentences:
        path = ("wording", "other_language") if sentences else ("languages",)
        yield (
            path,
            f"add `wording.other_language.{bot.language}`, for customers of languages without a sentence of their own",
        )
    for language, texts in sentences.items():
        yield from _says_something_to_anybody(("wording", "other_language", language), texts)
        for index, template in enumerate(texts):
            yield from _own_text(("wording", "other_language", language, index), template, "", ())


def _knowledge(bot: Bot) -> Iterator[Contradiction]:
    ids: set[str] = set()
    questions: dict[str, str] = {}
    for index, pair in enumerate(bot.knowledge):
        if pair.id in ids:
            yield ("knowledge", index, "id"), f"the id {pair.id!r} is taken; every pair needs its own"
        ids.add(pair.id)
        for key, wordings in (("question", (pair.question,)), ("also", pair.also)):
            for wording in wordings:
                other = questions.setdefault(wording.casefold(), pair.id)
                if other != pair.id:
                    yield ("knowledge", index, key), f"{wording!r} is asked by the pair {other!r} already"


def _four_eyes(bot: Bot) -> Iterator[Contradiction]:
    for index, intent in enumerate(bot.review.four_eyes):
        if intent not in bot.intents:
            yield ("review", "four_eyes", index), _unknown(intent, bot.intents, "intent")
    if bot.review.waiting and not any(
        intent in flow.intents for flow in bot.flows.values() for intent in bot.review.four_eyes
    ):
        yield ("review", "waiting"), "is never said: no intent under `four_eyes` begins a flow; take it out"
