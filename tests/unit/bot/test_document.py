"""YAML is read as people write it, with lines, and never at the cost of the reader."""

from __future__ import annotations

import pytest

from shared.bot.document import MAX_BYTES, MAX_DEPTH, parse


def message(source: str) -> str:
    document = parse(source)
    assert document.faults
    return f"{document.faults[0].line}: {document.faults[0].message}"


def test_words_stay_words() -> None:
    document = parse("[yes, no, on, off, 2026-03-14, 007, 1_000, .5, 0x1F, 12:30, NaN]")
    assert document.data == ["yes", "no", "on", "off", "2026-03-14", "007", "1_000", ".5", "0x1F", "12:30", "NaN"]


def test_json_values_have_their_types() -> None:
    data = parse("[true, false, null, ~, 3, -2, 0.5, 1e3, '3', \"true\"]").data
    assert data == [True, False, None, None, 3, -2, 0.5, 1000.0, "3", "true"]
    assert [type(value) for value in data[4:8]] == [int, int, float, float]


def test_lines_of_keys_and_items() -> None:
    document = parse("a:\n  b:\n    - one\n    -\n      c: two\n")
    assert document.line(()) == 1
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "b", 1, "c")) == 5
    assert document.line(("a", "b", 7)) == 2, "the nearest that is there"
    assert document.line(("a", "templates", "b", 0)) == 3, "a part that the document leaves out is passed over"


def test_an_alias_is_what_it_stands_for() -> None:
    assert parse("a: &x [1]\nb: *x").data == {"a": [1], "b": [1]}


def test_a_key_that_stands_twice() -> None:
    assert message("a: 1\nb: 2\na: 3") == "3: stands here twice; keep one of them"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a: [1", "1: not valid YAML"),
        ("a:\n\tb: 1", "2: not valid YAML: found character that cannot start any token (a tab"),
        ("a: b: c", "1: not valid YAML"),
        ("a: 1\n---\nb: 2", "2: not valid YAML: but found another document"),
        ("a: \x07", "1: not valid YAML"),
        ("a: *nowhere", "1: not valid YAML"),
        ("a: ok\nb: \ud800", "2: half a surrogate pair"),
        ("a: !!python/object/apply:os.system [ls]", "1: the tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("a: !secret x", "1: the tag '!secret'"),
        ("? [a, b]\n: 1", "1: a key must be a plain word"),
        ("x" * (MAX_BYTES + 1), "1: 1000001 bytes"),
        ("[" * 200_000, "1: nested more than 20"),
        ("\n".join("  " * depth + "a:" for depth in range(MAX_DEPTH + 2)), f"{MAX_DEPTH + 1}: nested"),
        ("a: &a [*a]", "1: aliases unfold"),
        ("a: &a {b: *a}", "1: aliases unfold"),
    ],
)
def test_what_cannot_be_read(source: str, expected: str) -> None:
    assert message(source).startswith(expected)


def test_a_billion_laughs_end_early() -> None:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 15)]
    document = parse("\n".join(lines))
    assert [fault.message for fault in document.faults] == [
        "aliases unfold to more than 100000 values or into themselves"
    ]
