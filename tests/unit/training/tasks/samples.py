"""Rows of each task that a tiny model learns, and what it should say then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.training.tasks import TaskName
from tests.unit.training import job_kit

Record = dict[str, Any]
Answer = Mapping[str, Any]

_TEXT = "please where is my parcel"


@dataclass(frozen=True)
class Sample:
    """What a task is tried on.

    Attributes:
        rows: Labelled records.
        asked: A record without labels.
        is_right: Whether a model that has learned the rows may answer so.
        fields: Of an answer.
        score: One that rises as the model learns.
        epochs: So many are enough.
        least: What the score is then at least.
        beats_counting: Whether so few rows are enough to be better than the figure to beat; a trigram is hard to beat on 58 short texts.
    """

    rows: list[Record]
    asked: Record
    is_right: Callable[[Answer], bool]
    fields: set[str]
    score: str
    epochs: int = 8
    least: float = 0.7
    beats_counting: bool = True


def classified() -> list[Record]:
    """Texts of three labels."""
    return [{"text": row["text"], "label": row["intent"]} for row in job_kit.lines() if row["intent"] != "out_of_scope"]


def marked() -> list[Record]:
    """Texts of which each has any number of three labels."""
    marks = {"track": ["parcel"], "refund": ["money", "urgent"], "hours": []}
    return [{"text": row["text"], "labels": marks[row["label"]]} for row in classified()]


def tagged() -> list[Record]:
    """Texts of which some name a parcel, or money."""
    found: list[Record] = []
    for row in classified():
        places = {name: row["text"].find(name) for name in ("parcel", "money")}
        spans = [{"start": at, "end": at + len(name), "label": name} for name, at in places.items() if at >= 0]
        found.append({"text": row["text"], "entities": sorted(spans, key=lambda span: int(span["start"]))})
    return found


def tagged_tokens() -> list[Record]:
    """The same, as CoNLL has them."""
    return [
        {
            "tokens": (words := row["text"].split()),
            "tags": [f"B-{word}" if word in ("parcel", "money") else "O" for word in words],
        }
        for row in classified()
    ]


_OTHER_WORDS = {"track": "whereabouts of the goods", "refund": "paying back", "hours": "times of opening"}


def compared() -> list[Record]:
    """Pairs of which the second names what the first is about, or something else."""
    rows = classified()
    names = list(_OTHER_WORDS)
    found = []
    for number, row in enumerate(rows):
        other = names[(names.index(row["label"]) + number % 2) % 3]
        found.append(
            {
                "text": row["text"],
                "text_pair": _OTHER_WORDS[other],
                "label": "same" if other == row["label"] else "other",
            }
        )
    return found


def scored() -> list[Record]:
    """The same with scores."""
    return [
        {"text": row["text"], "text_pair": row["text_pair"], "score": 0.9 if row["label"] == "same" else 0.1}
        for row in compared()
    ]


def looked_for() -> list[Record]:
    """Queries, and what they should find."""
    return [{"query": row["text"], "positive": _OTHER_WORDS[row["label"]]} for row in classified()]


def asked_about() -> list[Record]:
    """Questions of which some have an answer in their context: the word behind "at"."""
    found: list[Record] = []
    for number, row in enumerate(classified()):
        context = f"{row['text']} at {('nine', 'noon', 'five')[number % 3]} sharp" if number % 4 else row["text"]
        start = context.find(" at ") + 4
        answers = [{"text": context[start:].split()[0], "start": start}] if number % 4 else []
        found.append({"question": f"at what time, number {number}?", "context": context, "answers": answers})
    return found


def texts() -> list[Record]:
    """Texts alone."""
    return [{"text": row["text"]} for row in job_kit.lines()]


_ANSWERS = {"track": "It is on its way.", "refund": "You get it back soon.", "hours": "We open at nine."}


def conversations() -> list[Record]:
    """Questions with one of three answers."""
    return [
        {
            "messages": [
                {"role": "user", "content": row["text"]},
                {"role": "assistant", "content": _ANSWERS[row["label"]]},
            ]
        }
        for row in classified()
    ]


def preferences() -> list[Record]:
    """The same questions, with an answer to another beside the right one, in OpenAI's format."""
    names = list(_ANSWERS)
    return [
        {
            "input": {"messages": [{"role": "user", "content": row["text"]}], "tools": [], "parallel_tool_calls": True},
            "preferred_output": [{"role": "assistant", "content": _ANSWERS[row["label"]]}],
            "non_preferred_output": [
                {"role": "assistant", "content": _ANSWERS[names[(names.index(row["label"]) + 1) % 3]]}
            ],
        }
        for row in classified()
    ]


def chosen() -> list[Record]:
    """Three kinds of items, and people who stay with one kind."""
    kinds = {
        "shoes": "a pair of red shoes for running",
        "lamp": "a lamp of glass for the table",
        "tea": "green tea from the hills",
    }
    items: list[Record] = [
        {
            "item_id": f"{kind} {number}",
            "text": f"{text}, number {number}",
            "categories": [kind],
            "price": 10.0 + number,
        }
        for kind, text in kinds.items()
        for number in range(8)
    ]
    events: list[Record] = [
        {
            "user_id": f"user {person}",
            "item_id": f"{list(kinds)[person % 3]} {(person // 3 + step) % 8}",
            "type": "purchase",
            "timestamp": 1_700_000_000 + 86_400 * step + person,
        }
        for person in range(36)
        for step in range(5)
    ]
    return items + events


_PAIR = {"text": _TEXT, "text_pair": _OTHER_WORDS["track"]}

SAMPLES: Mapping[tuple[TaskName, str], Sample] = {
    ("nlu", ""): Sample(
        rows=job_kit.lines(),
        asked={"text": _TEXT},
        is_right=lambda answer: answer["ranking"][0]["name"] == "track",
        fields={"intent", "ranking", "entities", "sentiment", "language", "truncated"},
        score="intent_accuracy",
    ),
    ("text_classification", "one label"): Sample(
        rows=classified(),
        asked={"text": _TEXT},
        is_right=lambda answer: answer["label"] == "track" and answer["confidence"] > 0.4,
        fields={"label", "confidence", "probabilities"},
        score="accuracy",
    ),
    ("text_classification", "several labels"): Sample(
        rows=marked(),
        asked={"text": "please refund the money"},
        is_right=lambda answer: answer["labels"] == ["money", "urgent"],
        fields={"labels", "probabilities"},
        score="micro_f1",
        epochs=16,
    ),
    ("token_classification", "tokens"): Sample(
        rows=tagged_tokens(),
        asked={"tokens": _TEXT.split()},
        is_right=lambda answer: (
            [(span["text"], span["label"]) for span in answer["entities"]] == [("parcel", "parcel")]
        ),
        fields={"entities"},
        score="entity_f1",
    ),
    ("pair_classification", "labels"): Sample(
        rows=compared(),
        asked=_PAIR,
        is_right=lambda answer: answer["label"] in ("same", "other"),
        fields={"label", "confidence", "probabilities"},
        score="accuracy",
        epochs=24,
    ),
    ("pair_classification", "scores"): Sample(
        rows=scored(),
        asked=_PAIR,
        is_right=lambda answer: 0 <= answer["score"] <= 1,
        fields={"score"},
        score="spearman",
        epochs=24,
    ),
    ("ranking", ""): Sample(
        rows=looked_for(),
        asked=_PAIR,
        is_right=lambda answer: answer["score"] > 0.3,
        fields={"score"},
        score="mrr",
        epochs=12,
    ),
    ("embedding", ""): Sample(
        rows=looked_for(),
        asked={"text": _TEXT},
        is_right=lambda answer: (
            len(answer["embedding"]) == 32 and abs(sum(x * x for x in answer["embedding"]) - 1) < 1e-3
        ),
        fields={"embedding"},
        score="mrr",
    ),
    ("masked_lm", ""): Sample(
        rows=texts(),
        asked={"text": "please where is my [MASK]"},
        is_right=lambda answer: any(told["token"] in ("parcel", "money") for told in answer["tokens"]),
        fields={"tokens"},
        score="masked_accuracy",
        epochs=60,
        least=0.1,
    ),
    ("text_generation", ""): Sample(
        rows=conversations(),
        asked={"messages": [{"role": "user", "content": _TEXT}], "max_tokens": 12},
        is_right=lambda answer: answer["text"] == _ANSWERS["track"],
        fields={"text"},
        score="likelihood",
        epochs=12,
    ),
    ("causal_lm", ""): Sample(
        rows=texts(),
        asked={"text": "please where is my", "max_tokens": 8},
        is_right=lambda answer: "parcel" in answer["text"],
        fields={"text"},
        score="likelihood",
        epochs=12,
        least=0.4,
        beats_counting=False,
    ),
    ("recommendation", ""): Sample(
        rows=chosen(),
        asked={"history": ["tea 1", "tea 2"], "query": "more of this tea", "n": 3},
        is_right=lambda answer: (
            len({one["item_id"] for one in answer["items"]} - {"tea 1", "tea 2"}) == 3
        ),  # by a text a model with random weights finds what it may
        fields={"items"},
        score="ndcg_at_10",
        epochs=2,
        least=0.3,
    ),
    ("seq2seq", ""): Sample(
        rows=[{"input": row["text"], "target": _ANSWERS[row["label"]]} for row in classified()],
        asked={"input": _TEXT, "max_tokens": 12},
        is_right=lambda answer: answer["text"] == _ANSWERS["track"] and not answer["truncated"],
        fields={"text", "truncated"},
        score="likelihood",
        epochs=12,
    ),
    ("question_answering", ""): Sample(
        rows=asked_about(),
        asked={"question": "at what time, number 5?", "context": "please where is my parcel at noon sharp"},
        is_right=lambda answer: answer["answer"] in ("noon", "at noon", "noon sharp", "sharp"),
        fields={"answer", "start", "end", "score", "truncated"},
        score="f1",
        epochs=16,
    ),
}
