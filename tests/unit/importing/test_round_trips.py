"""Out and back: what a format can hold comes back as it was, to the character."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from shared.errors import InvalidInput
from shared.importing.formats.format import Unwritable
from shared.importing.formats.table import FORMATS
from shared.importing.writing import export_rows
from shared.rows.problems import Faulty
from shared.tasks.nlu.record import row_from
from tests.unit.importing.files import imported

Row = dict[str, Any]

#: Texts that hurt: signs of several code points or UTF-16 units, and what each format gives a meaning of its own.
NASTY = (
    "Berlin",
    "I live in Berlin.",
    "😀 Rome 🇩🇪 👩‍👩‍👧",
    "我住在北京市",
    "e\u0301te\u0301 cafe\u0301",
    "tab\there\nnewline\r\nend\r",
    " lead and trail ",
    "a [b](c) d {e}",
    "[x] (y)",
    "\"quote\" 'single' \\ back",
    "=SUM(A1)",
    "# hash",
    "-DOCSTART- x",
    "a,b;c\td|e",
    "line\u2028sep\x85nel\u00a0nb",
    "_x0041_ x_x000D_",
    "SpaceAfter=No O B-x",
    "1.0",
    "TRUE",
    "\u200bzero\u200b w",
    "\ufeffmark inside\ufeff",
    "a  b   c",
    "\nstart",
    "- dash: # no",
    "&<>]]>&amp;",
    "\x01\x0b\x1f\x7f\ufffe\uffff",
)
texts = some.sampled_from(NASTY) | some.text(
    some.sampled_from("".join(NASTY)) | some.characters(exclude_categories=["Cs"]), min_size=1, max_size=40
)
labels = some.sampled_from(["city", "a:b", "x)y", "[l]", "名", "B-x", '"q"', "_x0041_"])
intents = some.sampled_from(["greet", "yes", "1.0", "faq/ask name", "a: b", "=x", "退款", "null"])


@some.composite
def rows(draw: some.DrawFn) -> Row:
    """A row that our own reader takes."""
    text = draw(texts)
    cuts = sorted(draw(some.lists(some.integers(0, len(text)), max_size=6, unique=True)))
    spans = zip(cuts[::2], cuts[1::2], strict=False)
    entities = [{"start": start, "end": end, "label": draw(labels)} for start, end in spans]
    row: Row = {"text": text, "intent": draw(intents), "entities": entities}
    if draw(some.booleans()):
        row |= {
            "sentiment": draw(some.sampled_from(["negative", "positive"])),
            "context": draw(some.lists(texts, max_size=2)),
        }
    return row


def is_good(row: Row) -> bool:
    try:
        row_from(row)
    except Faulty:
        return False
    return True


def back(row: Row, name: str) -> Row:
    suffix = next(iter(FORMATS[name].suffixes), ".json" if name == "label-studio" else ".jsonl")
    found: Row = imported(export_rows([row], name), f"rows{suffix}", format=name).rows[0]
    return found


@pytest.mark.parametrize("name", ["csv", "tsv", "xlsx", "parquet", "jsonl", "json", "label-studio"])
@settings(max_examples=60, deadline=None)
@given(row=rows().filter(is_good))
def test_a_format_that_holds_everything(name: str, row: Row) -> None:
    expected = {field: value for field, value in row.items() if value or field == "entities"}
    if name == "label-studio" and not row["entities"]:
        del expected["entities"]  # a file without one span says nothing of them
    found = back(row, name)
    assert {field: value for field, value in found.items() if value or field == "entities"} == expected


@pytest.mark.parametrize("name", ["doccano", "prodigy", "conll", "rasa"])
@settings(max_examples=120, deadline=None)
@given(row=rows().filter(is_good))
def test_a_format_that_holds_less_keeps_every_span_or_says_what_it_cannot(name: str, row: Row) -> None:
    fields = ("text", "entities") if name == "conll" else ("text", "intent", "entities")
    kept = {field: row[field] for field in fields}
    try:
        found = back(kept, name)
    except Unwritable:
        assert name in ("rasa", "conll"), "the others hold every text"
        return
    if name == "rasa" and not row["entities"]:
        del kept["entities"]
    assert found == kept


@pytest.mark.parametrize("text", NASTY)
def test_most_nasty_texts_fit_into_each_format(text: str) -> None:
    first, last = text[0], text[-1]
    row = {"text": text, "entities": [{"start": 0, "end": len(text), "label": "all"}]}
    for name in FORMATS.keys() - {"rasa"}:
        if name != "conll" or not (first.isspace() or last.isspace()):
            assert back(row, name) == row


@pytest.mark.parametrize(
    ("row", "name", "said"),
    [
        ({"text": "a", "sentiment": "neutral"}, "doccano", "'sentiment': doccano cannot hold it.*--drop sentiment"),
        ({"text": "a", "intent": "x", "context": ["b"]}, "prodigy", "'context'"),
        ({"text": "a", "intent": "x", "entities": []}, "conll", "'intent'"),
        ({"text": "a", "sentiment": "neutral"}, "conll", "'sentiment'"),
        ({"text": "a", "entities": []}, "rasa", "'intent': rasa needs it"),
        ({"text": "see [this](x)", "intent": "a"}, "rasa", "'text': its brackets"),
        ({"text": " a", "intent": "a"}, "rasa", "'text': begins or ends"),
        ({"question": "q", "context": "c", "answers": []}, "label-studio", "'question'"),
        ({"text": "a", "intent": "x" * 40_000}, "xlsx", "'intent': 40000 characters"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_by_name(row: Row, name: str, said: str) -> None:
    with pytest.raises(Unwritable, match=f"Row 1, {said}"):
        export_rows([row], name)


def test_rows_that_are_not_labelled_are_not_written_as_having_none() -> None:
    mixed: list[Row] = [{"text": "a", "intent": "x", "entities": []}, {"text": "b", "intent": "x"}]
    for name in ("rasa", "label-studio", "doccano"):
        with pytest.raises(Unwritable, match="Row 2, 'entities'"):
            export_rows(mixed, name)


def test_what_is_told_to_be_dropped_is() -> None:
    written = export_rows([{"text": "a", "intent": "x", "sentiment": "neutral"}], "doccano", ("sentiment",))
    assert written == b'{"text": "a", "label": ["x"]}\n'
    with pytest.raises(InvalidInput, match="no format"):
        export_rows([{"text": "a"}], "pickle")


@pytest.mark.parametrize(
    "row",
    [
        {"question": "q?", "context": "a b", "answers": [{"text": "b", "start": 2}]},
        {"tokens": ["a", "b"], "tags": ["O", "B-x"]},
        {"text": "a", "text_pair": "b", "label": "same"},
        {"query": "a", "positive": "b", "negatives": ["d"]},
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]},
        {"input": "a", "target": "b"},
    ],
)
def test_rows_of_other_tasks_come_back_from_every_table(row: Row) -> None:
    for name in ("csv", "tsv", "xlsx", "parquet", "jsonl", "json"):
        assert back(row, name) == row
    if "tokens" in row:
        found = imported(export_rows([row], "conll"), "a.conll", task="token_classification").rows[0]
        assert found == row
