"""Exports of annotation tools."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.errors import InvalidInput
from tests.unit.importing.files import imported, reasons, texts

RASA = """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hey
    - hi [Bob](name) in [NYC]{"entity": "city", "value": "New York"}
    no dash
- synonym: New York
  examples: |
    - NYC
- intent: yes
  examples:
    - text: |
        yep [to](x:y)
      metadata: {sentiment: neutral}
- intent: broken
  examples: |
    - [a]{"entity": }
- intent: empty
"""


def test_rasa() -> None:
    result = imported(RASA, "nlu.yml")
    assert list(result.rows) == [
        {"text": "hey", "intent": "greet", "entities": []},
        {
            "text": "hi Bob in NYC",
            "intent": "greet",
            "entities": [{"start": 3, "end": 6, "label": "name"}, {"start": 10, "end": 13, "label": "city"}],
        },
        {"text": "yep to", "intent": "yes", "entities": [{"start": 4, "end": 6, "label": "x"}]},
    ]
    assert reasons(result) == {
        "a line of examples that does not begin with a dash": [8],
        "a synonym, which is no example": [9],
        "an entity's description is no JSON": [19],
        "an intent without examples": [20],
    }
    assert result.understanding.notes == ("values of entities were dropped",)


def test_rasa_without_any_mark_says_nothing_of_entities() -> None:
    assert imported("nlu:\n- intent: a\n  examples: |\n    - b\n", "nlu.yaml").rows == [{"text": "b", "intent": "a"}]


@pytest.mark.parametrize(
    "content",
    [
        "nlu: {}",
        "- a",
        "nlu:\n- intent: [",
        "a: &a [x, x]\nb: &b [*a, *a]\n"
        + "".join(f"c{n}: &c{n} [" + f"*{'b' if n == 0 else f'c{n - 1}'}, " * 9 + "]\n" for n in range(9)),
        "nlu: !!python/object/apply:os.system ['true']",
        "[" * 3000,
    ],
)
def test_yaml_that_is_none_of_rasa_s_is_refused(content: str) -> None:
    with pytest.raises(InvalidInput, match="YAML"):
        imported(content, "nlu.yml")


def test_rasa_s_old_json() -> None:
    example = {
        "text": "in Rome",
        "intent": "a",
        "entities": [{"start": 3, "end": 7, "value": "rome", "entity": "city"}],
    }
    result = imported(json.dumps({"rasa_nlu_data": {"common_examples": [example]}}), "nlu.json")
    assert result.rows[0]["entities"] == [{"start": 3, "end": 7, "label": "city"}]


def task(text: str, *results: dict[str, Any], **annotation: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"text": text, "source": "mail"}, "annotations": [{"result": list(results), **annotation}]}


def labelled(start: int, end: int, text: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": text, "labels": ["the city"]}
    return {"from_name": "ner", "to_name": "text", "type": "labels", "value": value}


def chosen(name: str, *choices: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": list(choices)}}


def test_label_studio() -> None:
    tasks = [
        task("😀 Rome", chosen("category", "travel"), labelled(2, 6, "Rome"), chosen("sentiment", "Positive")),
        task("😀 Rome", chosen("category", "travel"), labelled(3, 7, "Rome")),
        task("nothing", chosen("category", "other")),
        task("wrong", labelled(0, 3, "xyz")),
        task("two", chosen("category", "a", "b")),
        task("no", was_cancelled=True),
        {"data": {"text": "open"}, "annotations": []},
    ]
    result = imported(json.dumps(tasks), "export.json")
    rome = [{"start": 2, "end": 6, "label": "the_city"}]
    assert list(result.rows) == [
        {"text": "😀 Rome", "intent": "travel", "entities": rome, "sentiment": "positive"},
        {"text": "😀 Rome", "intent": "travel", "entities": rome},
        {"text": "nothing", "intent": "other", "entities": []},
    ]
    assert reasons(result) == {
        "a span that covers another text than it says": [4],
        "several labels where one is needed": [5],
        "not annotated, or the annotation was cancelled": [6, 7],
    }
    assert "source" in result.understanding.unused


@pytest.mark.parametrize("content", ["{", "[[1]]", "3", "[" * 100_000])
def test_json_that_is_no_list_of_objects_is_refused(content: str) -> None:
    for options in ({}, {"format": "label-studio"}):
        with pytest.raises(InvalidInput):
            imported(content, "a.json", **options)


def lines(*items: object) -> str:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


@pytest.mark.parametrize(
    ("items", "row"),
    [
        (
            [{"id": 1, "text": "😀 Rome", "label": [[2, 6, "city"]]}],
            {"entities": [{"start": 2, "end": 6, "label": "city"}]},
        ),
        ([{"id": 1, "text": "😀 Rome", "label": ["travel"]}, {"text": "b", "label": []}], {"intent": "travel"}),
        (
            [{"text": "😀 Rome", "cats": ["travel"], "entities": [[2, 6, "city"]]}],
            {"intent": "travel", "entities": [{"start": 2, "end": 6, "label": "city"}]},
        ),
        (
            [
                {
                    "text": "😀 Rome",
                    "entities": [{"id": 3, "label": "city", "start_offset": 2, "end_offset": 6}],
                    "relations": [],
                }
            ],
            {"entities": [{"start": 2, "end": 6, "label": "city"}]},
        ),
    ],
)
def test_doccano(items: list[dict[str, Any]], row: dict[str, Any]) -> None:
    result = imported(lines(*items), "all.jsonl")
    assert result.understanding.format == "doccano"
    assert list(result.rows) == [{"text": "😀 Rome"} | row]


def test_prodigy() -> None:
    span = {"start": 2, "end": 6, "token_start": 1, "token_end": 1, "label": "city"}
    result = imported(
        lines(
            {"text": "😀 Rome", "spans": [span], "answer": "accept", "_task_hash": 1},
            {"text": "b", "label": "refund", "answer": "accept"},
            {"text": "c", "options": [{"id": "x", "text": "X"}], "accept": ["x"], "answer": "accept"},
            {"text": "d", "accept": ["x", "y"], "answer": "accept"},
            {"text": "e", "label": "refund", "answer": "reject"},
            {"text": "f", "label": "refund", "answer": "ignore"},
        ),
        "prodigy.jsonl",
    )
    assert list(result.rows) == [
        {"text": "😀 Rome", "entities": [{"start": 2, "end": 6, "label": "city"}]},
        {"text": "b", "intent": "refund"},
        {"text": "c", "intent": "x"},
    ]
    assert reasons(result) == {
        "several labels where one is needed": [4],
        "its answer is 'reject'": [5],
        "its answer is 'ignore'": [6],
    }


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-a I-a O B-b", ["a:w w", "b:w"]),
        ("I-a I-a O I-b", ["a:w w", "b:w"]),
        ("I-a B-a O I-b", ["a:w", "a:w", "b:w"]),
        ("B-a E-a O S-b", ["a:w w", "b:w"]),
        ("B-a L-a O U-b", ["a:w w", "b:w"]),
        ("B-a I-b I-b O", ["a:w", "b:w w"]),
        ("S-a S-a S-a O", ["a:w", "a:w", "a:w"]),
    ],
)
def test_conll_in_every_scheme(tags: str, spans: list[str]) -> None:
    content = "-DOCSTART- -X- O\n\n# id = 1\n" + "".join(f"w NN {tag}\n" for tag in tags.split()) + "\n"
    row = imported(content, "a.conll").rows[0]
    found = [f"{one['label']}:{row['text'][one['start'] : one['end']]}" for one in row["entities"]]
    assert (row["text"], found) == ("w w w w", spans)


def test_conll_is_known_by_its_tags_and_serves_tokens_too() -> None:
    content = "Hugo B-name\n# O\n\nbroken\n\nBerlin\tB-city\r\n"
    result = imported(content, "a.txt")
    assert (texts(result), result.understanding.format) == (["Hugo #", "Berlin"], "conll")
    assert result.understanding.left_out[0][1:] == (1, [4])
    tokens = imported(content, "a.bio", task="token_classification")
    assert tokens.rows[0] == {"tokens": ["Hugo", "#"], "tags": ["B-name", "O"]}


def test_conll_of_chinese_gets_no_blanks() -> None:
    row = imported("去\tO\n北\tB-city\n京\tI-city\nby\tO\nbus\tO\n", "a.conll").rows[0]
    assert row == {"text": "去北京 by bus", "entities": [{"start": 1, "end": 3, "label": "city"}]}


def test_blanks_that_conll_u_tells_are_kept() -> None:
    content = "Rome\tSpaceAfter=No\tB-city\n.\tSpacesAfter=\\s\\s\tO\nYes\t_\tO\n"
    assert texts(imported(content, "a.conll")) == ["Rome.  Yes"]


@pytest.mark.parametrize("hostile", ["[" * 9_000, "](" * 4_500, "[a](" * 2_500, "[a]{" * 2_500, "[" * 40_001])
def test_brackets_without_end_take_no_time(hostile: str) -> None:
    block = "nlu:\n- intent: a\n  examples: |\n    - fine\n" + f"    - {hostile}\n" * 50
    assert texts(imported(block, "nlu.yml"))[0] == "fine"


def test_squad() -> None:
    answers = [{"text": "Ann", "answer_start": 7}]
    paragraph = {"context": "it was Ann", "qas": [{"id": "1", "question": "who?", "answers": answers}, 3]}
    result = imported(json.dumps({"version": "2.0", "data": [{"title": "t", "paragraphs": [paragraph]}]}), "train.json")
    assert list(result.rows) == [
        {"question": "who?", "context": "it was Ann", "answers": [{"text": "Ann", "start": 7}]}
    ]
