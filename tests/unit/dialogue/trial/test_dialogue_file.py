from __future__ import annotations

import time

import pytest

from shared import starter
from shared.dialogue.trial.dialogue_file import found, read_dialogues
from shared.errors import InvalidFile

ONE = """
version: 1
dialogues:
  - name: hello
    turns:
      - {user: hi, kind: template}
"""


def test_one_way_needs_no_list_and_null_is_a_way() -> None:
    file = read_dialogues(ONE.replace("kind: template", "kind: [template, flow], flow: null, slots: {a: null}"))
    (said,) = file.dialogues[0].turns
    assert (said.kind, said.flow, said.slots) == (("template", "flow"), (None,), {"a": (None,)})


@pytest.mark.parametrize(
    ("change", "to", "line", "field"),
    [
        ("kind: template", "kinds: template", 6, "dialogues.0.turns.0.kinds"),
        (", kind: template", "", 6, "dialogues.0.turns.0"),
        ("kind: template", "kind: nonsense", 6, "dialogues.0.turns.0.kind.0"),
        ("kind: template", "text: '(a+)+'", 6, "dialogues.0.turns.0.text.0"),
        ("kind: template", "text: '.*.*!'", 6, "dialogues.0.turns.0.text.0"),
        ("version: 1", "version: 2", 2, "version"),
        ("- {user: hi, kind: template}", "[]", 5, "dialogues.0.turns"),
    ],
)
def test_a_fault_is_told_with_its_line(change: str, to: str, line: int, field: str) -> None:
    with pytest.raises(InvalidFile) as refused:
        read_dialogues(ONE.replace(change, to))
    fault = refused.value.faults[0]
    assert (fault.line, fault.field) == (line, field)


def test_names_differ() -> None:
    with pytest.raises(InvalidFile, match="two dialogues are called 'hello'"):
        read_dialogues(ONE + ONE[ONE.index("  - name") :])


@pytest.mark.parametrize("half", ["tuning", "heldout"])
def test_the_starters_dialogues_are_in_order(half: str) -> None:
    assert len(read_dialogues(starter.dialogues()[half].read_text(encoding="utf-8")).dialogues) > 20


def test_the_slowest_admitted_pattern_is_quick() -> None:
    file = read_dialogues(ONE.replace("kind: template", "text: 'a*a?!'"))
    started = time.perf_counter()
    assert not found(file.dialogues[0].turns[0].text[0], "a" * 100_000)
    assert time.perf_counter() - started < 5.0
