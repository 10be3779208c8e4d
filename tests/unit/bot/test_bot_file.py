"""A bot file is either a bot, or a list of faults that say where they are and what to do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from shared.bot.document import MAX_FAULTS
from shared.contracts.faults import Fault
from shared.errors import InvalidBot

GOOD = """\
version: 1
name: Ticket desk
intents:
  hello: {title: Say hello}
  tickets: {title: Buy tickets}
  person: {title: Talk to a person}
slots:
  day: {title: date, type: date, prompt: "When?", entities: date}
  seats: {title: seats, default: one seat}
flows:
  buy:
    title: your tickets
    intents: [tickets]
    required: [day]
    optional: [seats]
    confirm: "{seats} on {day}?"
    answer: "Done: {seats} on {day}."
answers:
  hello:
    templates: [Hello, Hi]
    negative: Oh dear.
knowledge:
  - id: dogs
    question: May I bring my dog?
    also: Are pets allowed?
    answer: Only small ones.
    source: House rules
handover:
  intents: person
  requested: A colleague comes.
  anger: Sorry.
  failures: Sorry, too.
"""


def faults(source: str | bytes) -> list[Fault]:
    with pytest.raises(InvalidBot) as raised:
        read_bot(source)
    return list(raised.value.faults)


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def only_fault(old: str, new: str) -> tuple[int, str, str]:
    (fault,) = faults(changed(old, new))
    return fault.line, fault.field, fault.message


def test_a_good_file_is_a_bot() -> None:
    bot = read_bot(GOOD)
    assert bot.flow_started_by("tickets") == "buy"
    assert bot.answers["hello"].templates == ("Hello", "Hi")
    assert bot.knowledge[0].also == ("Are pets allowed?",), "one item needs no list"
    assert bot.handles("person")
    assert not bot.handles("affirm")


def test_bytes_may_begin_with_a_byte_order_mark() -> None:
    assert read_bot(b"\xef\xbb\xbf" + GOOD.encode()) == read_bot(GOOD)


def test_bytes_that_are_no_utf8_are_located() -> None:
    (fault,) = faults(GOOD.encode().replace(b"Only small", b"Only \xff small"))
    assert fault.line == GOOD[: GOOD.index("Only small")].count("\n") + 1
    assert "UTF-8" in fault.message


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "hint"),
    [
        ("answers:", "anwsers:", 18, "anwsers", "did you mean 'answers'?"),
        ("required: [day]", "requires: [day]", 14, "flows.buy.requires", "did you mean 'required'?"),
        ("    negative:", "    negatve:", 21, "answers.hello.negatve", "did you mean 'negative'?"),
        ("entities: date", "entity: date", 8, "slots.day.entity", "did you mean 'entities'?"),
        ("source: House rules", "src: House rules", 27, "knowledge.0.src", "did you mean 'source'?"),
        ("type: date", "type: datum", 8, "slots.day.type", "'order_number'"),
        ("name: Ticket desk", "name: 5", 2, "name", "put it in quotes"),
        ("[Hello, Hi]", "[Hello, '']", 20, "answers.hello.templates.1", "empty"),
        ("[Hello, Hi]", "[]", 20, "answers.hello.templates", "at least one"),
        ("intents: [tickets]", "intents: []", 13, "flows.buy.intents", "at least one"),
        ("version: 1", "version: 2", 1, "version", "1"),
        ("failures: Sorry, too.", "failures: x\n  anger_turns: 0", 33, "handover.anger_turns", "greater than"),
        ("name: Ticket desk", "name: x\nsettings: {timezone: Mars/Olympus}", 3, "settings.timezone", "Europe/Berlin"),
        ("id: dogs", "id: my dogs", 23, "knowledge.0.id", "pattern"),
        ("  day: {", "  The Day: {", 8, "slots.The Day", "pattern"),
    ],
)
def test_faults_of_form(old: str, new: str, line: int, field: str, hint: str) -> None:
    found = [(fault.line, fault.field) for fault in faults(changed(old, new)) if hint in fault.message]
    assert (line, field) in found


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "hint"),
    [
        ("intents: [tickets]", "intents: [ticket]", 13, "flows.buy.intents.0", "did you mean 'tickets'?"),
        ("required: [day]", "required: [days]", 14, "flows.buy.required.0", "did you mean 'day'?"),
        ("optional: [seats]", "optional: [day]", 15, "flows.buy.optional.0", "already"),
        ("[Hello, Hi]", "[Hello, '{dya}']", 20, "answers.hello.templates.1", "did you mean 'day'?"),
        ("[Hello, Hi]", "[Hello, '{day}']", 20, "answers.hello.templates.1", "give the slot a `default`"),
        ("[Hello, Hi]", "['{ day }']", 20, "answers.hello.templates.0", "stray brace"),
        ('prompt: "When?", ', "", 8, "slots.day", "add a `prompt`"),
        ("type: date", "type: choice", 8, "slots.day.choices", "go together"),
        ("type: date", "type: regex", 8, "slots.day.pattern", "go together"),
        ("type: date", "type: date, whole_answer: true", 8, "slots.day.whole_answer", "text"),
        ("title: Buy tickets", "title: say HELLO", 5, "intents.tickets.title", "same title"),
        ("  person: {", "  out_of_scope: {title: x}\n  person: {", 6, "intents.out_of_scope", "reserved"),
        ("  hello:\n", "  person: x\n  hello:\n", 30, "handover.intents.0", "answered by `answers.person`"),
        ("answers:\n", "answers:\n  tickets: x\n", 13, "flows.buy.intents.0", "answered by `answers.tickets`"),
        ("  person: {", "  pay: {title: Pay}\n  person: {", 6, "intents.pay", "nothing answers it"),
        ("knowledge:\n", "fallback: {offer_one: Hm}\nknowledge:\n", 22, "fallback.offer_one.0", "must show {first}"),
        (
            "knowledge:\n",
            "wording: {back: '{question} {day}'}\nknowledge:\n",
            22,
            "wording.back.0",
            "{day} has no value",
        ),
        ("knowledge:\n", "control: {yes: {intents: ja}}\nknowledge:\n", 22, "control.yes.intents.0", "no intent 'ja'"),
        (
            "  - id: dogs",
            "  - {id: dogs, question: q, answer: a, source: s}\n  - id: dogs",
            24,
            "knowledge.1.id",
            "taken",
        ),
        ("    also: Are pets", "    also: may i bring my DOG?\n#   also: Are pets", 25, "", ""),
    ],
)
def test_contradictions(old: str, new: str, line: int, field: str, hint: str) -> None:
    source = changed(old, new)
    if not field:
        assert read_bot(source), "a pair may repeat its own question"
        return
    found = [(fault.line, fault.field) for fault in faults(source) if hint in fault.message]
    assert (line, field) in found


def test_two_pairs_may_not_share_a_wording() -> None:
    pair = "  - {id: cats, question: are PETS allowed?, answer: a, source: s}\n  - id: dogs"
    assert only_fault("  - id: dogs", pair) == (
        *(26, "knowledge.1.also"),
        "'Are pets allowed?' is asked by the pair 'cats' already",
    )


def test_every_fault_is_told_at_once_in_the_order_of_lines() -> None:
    found = faults(changed("intents: [tickets]", "intents: [x]").replace("[Hello, Hi]", "['{y}', '{z}']"))
    assert len(found) == 4
    assert [fault.line for fault in found] == sorted(fault.line for fault in found)


def test_the_message_names_the_first_fault_and_counts_the_others() -> None:
    with pytest.raises(
        InvalidBot, match=r"line 13, flows\.buy\.intents\.0: .* \(and 1 more\)|line 5, .*\(and 1 more\)"
    ):
        read_bot(changed("intents: [tickets]", "intents: [x]"))


def test_the_list_of_faults_has_an_end() -> None:
    templates = ", ".join(["'{x}'"] * 300)
    assert len(faults(changed("[Hello, Hi]", f"[{templates}]"))) == MAX_FAULTS


def test_intents_that_only_steer_need_no_answer() -> None:
    assert read_bot(changed("  person: {", "  affirm: {title: 'Yes'}\n  inform: {title: Details}\n  person: {"))


_lines = GOOD.splitlines(keepends=True)


@given(
    line=st.integers(0, len(_lines) - 1),
    junk=st.text(st.characters(exclude_categories=()), max_size=12),
    cut=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_is_a_bot_or_its_faults(line: int, junk: str, cut: bool) -> None:
    lines = [*_lines[:line], junk + ("" if cut else _lines[line]), *_lines[line + 1 :]]
    outcome = bot_or_faults("".join(lines))
    assert outcome
    if isinstance(outcome, tuple):
        assert all(fault.line >= 1 and fault.message for fault in outcome)


def bot_or_faults(source: str) -> Bot | tuple[Fault, ...]:
    try:
        return read_bot(source)
    except InvalidBot as error:
        return error.faults
