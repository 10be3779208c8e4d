"""The dialogue sets that the domain model is made from, as texts and as conversations."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from services.training.data.splitting import thinned

Record = dict[str, Any]
Messages = Sequence[Mapping[str, str]]

#: Conversations with both sides, English and Chinese; what customers alone said; and questions with their answers.
DIALOGUES = ("dialogue/sgd", "dialogue/taskmaster4", "dialogue/crosswoz_zh")
TURNS = ("intent_slots/multidogo",)
QUESTIONS = ("faq/bank_faq", "faq/ecommerce_faq", "faq/policyqa", "faq/cmrc2018_zh")
HELD_OUT = "dialogue/sgd"


def texts(side: str, most: int | None) -> list[Record]:
    """Each text once, as records of ``causal_lm``: of each set so many at most, evenly chosen."""
    found: dict[str, None] = {}
    for name in (*DIALOGUES, *TURNS, *QUESTIONS):
        of_set = list(_texts(name, side))
        found.update(dict.fromkeys(thinned(of_set, most or len(of_set) or 1)))
    return [{"text": text} for text in found]


def conversations(side: str, most: int | None, sets: Sequence[str] = DIALOGUES) -> list[Record]:
    """Conversations up to their last answer, as records of ``text_generation``: of each set so many at most, evenly chosen."""
    found = []
    for name in sets:
        of_set = [chat for row in rows(name, side) if (chat := _answered(row["messages"]))]
        found += [{"messages": chat} for chat in thinned(of_set, most or len(of_set) or 1)]
    return found


def turns(side: str, most: int) -> list[Messages]:
    """Of so many held-out conversations one turn each, now an early and now a late one: what was said, and the answer as its last message."""
    found = []
    for number, record in enumerate(conversations(side, most, (HELD_OUT,))):
        chat = record["messages"]
        answers = [place for place, message in enumerate(chat) if message["role"] == "assistant" and place]
        found.append(chat[: answers[number % len(answers)] + 1])
    return found


def spoken(messages: Messages) -> str:
    """A conversation as a text, a line a turn."""
    return "\n".join(f"{message['role']}: {message['content']}" for message in messages)


def rows(name: str, side: str) -> Iterator[Record]:
    """The rows of a side of a set."""
    folder = Path(os.environ.get("PARLEY_TEST_DATA", "../shared/data"))
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from (row for row in map(json.loads, lines) if row["split"] == side)


def _texts(name: str, side: str) -> Iterator[str]:
    of_side = rows(name, side)
    if name in DIALOGUES:
        yield from (spoken(row["messages"]) for row in of_side)
    elif name in TURNS:
        for _, said in groupby(of_side, lambda row: row["dialogue_id"]):
            yield "\n".join(f"user: {' '.join(row['tokens'])}" for row in said)
    else:
        for row in of_side:
            pair = ({"role": "user", "content": row["question"]}, {"role": "assistant", "content": row["answer"]})
            yield from (spoken(pair), *([row["context"]] if "context" in row else []))


def _answered(messages: Messages) -> Messages:
    last = max((place for place, message in enumerate(messages) if message["role"] == "assistant"), default=0)
    return messages[: last + 1] if last else []
