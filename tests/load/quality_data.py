"""The sets that quality is measured on, as rows."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from services.training.data.splitting import Split, split, thinned
from services.training.models.base_models import base_path
from shared.artifacts.layout import MINILM
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.rows.reader import read_rows
from shared.rows.spans import Entity
from shared.starter import utterances
from shared.tasks.nlu.row import Row
from shared.tasks.records import kind_by_fields
from tests.load.mpnet import mpnet

Record = Mapping[str, Any]

#: Rows of MultiDoGO that are used at most: the question is only whether a context harms.
_DOGO_ROWS = {"train": 4_000, "validation": 500, "test": 2_000}


def minilm() -> Path:
    """The directory of the encoder that is installed with Parley."""
    return base_path(MINILM)


@dataclass(frozen=True, slots=True)
class Source:
    """One measured model.

    Attributes:
        title: As the report shows it.
        read: Gives the rows.
        targets: The least that a score has to reach, by its name.
        knowledge: Whether to measure how well the embedding finds the starter's knowledge.
        base: Gives the directory of the encoder that is tuned.
    """

    title: str
    read: Callable[[], Split[Row]]
    targets: Mapping[str, float] = field(default_factory=dict)
    knowledge: bool = False
    base: Callable[[], Path] = minilm


def _public(file: str, to_row: Callable[[Record], Row], domain: str | None = None) -> Split[Row]:
    """The rows of a public set in its own split, without test rows that also stand in train.

    A set without validation rows lends a tenth of its training rows to it, chosen as a job would.
    """
    sides: dict[str, list[Row]] = {"train": [], "validation": [], "test": []}
    for record in _records(file):
        is_leaked = record["split"] == "test" and record.get("dup_in_train", False)
        if domain in (None, record.get("domain")) and not is_leaked:
            sides[record["split"]].append(to_row(record))
    train, validation, test = (tuple(sides[side]) for side in ("train", "validation", "test"))
    if validation:
        return Split(train, validation, test)
    lent = split(train, seed=0)
    return Split(lent.train + lent.test, lent.validation, test)


def _records(file: str) -> Iterator[Record]:
    path = Path(os.environ.get("PARLEY_TEST_DATA", "../shared/data")) / f"{file}.jsonl.gz"
    if not path.is_file():
        raise SystemExit(f"{path} is missing: set PARLEY_TEST_DATA to the folder with the data sets")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _starter() -> Split[Row]:
    with utterances().open("rb") as stream:
        return split(read_rows(stream, "jsonl", kind_by_fields).rows, seed=0)


def _intent(record: Record) -> Row:
    return Row(record["text"], intent=OUT_OF_SCOPE if record["label"] == "oos" else record["label"])


def _sentiment(record: Record) -> Row:
    return Row(record["text"], sentiment=record["label"])


def _joint(record: Record) -> Row:
    """BIO tags of blank-separated tokens as spans of characters."""
    spans: list[Entity] = []
    start = 0
    for token, tag in zip(record["tokens"], record["tags"], strict=True):
        end = start + len(token)
        prefix, _, label = tag.partition("-")
        if prefix == "B":
            spans.append(Entity(start, end, label))
        elif prefix == "I":
            spans[-1] = Entity(spans[-1].start, end, label)
        start = end + 1
    return Row(" ".join(record["tokens"]), intent=record["intent"], entities=tuple(spans))


def _multidogo(domain: str, *, in_context: bool) -> Split[Row]:
    """One domain of MultiDoGO, thinned, with or without the customer's turn before (the agents' words are not in the store)."""
    sides: dict[str, list[Row]] = {"train": [], "validation": [], "test": []}
    before: dict[str, str] = {}
    for record in _records("intent_slots/multidogo"):
        if record["domain"] != domain:
            continue
        row, dialogue = _joint(record), f"{record['split']} {record['dialogue_id']}"
        if in_context and dialogue in before:
            row = replace(row, context=(before[dialogue],))
        before[dialogue] = row.text
        if not record.get("dup_in_train", False):
            sides[record["split"]].append(row)
    train, validation, test = (tuple(thinned(sides[side], most)) for side, most in _DOGO_ROWS.items())
    return Split(train, validation, test)


_PHRASEBANK = Source(
    "Financial PhraseBank",
    partial(_public, "sentiment/financial_phrasebank", _sentiment),
    {"sentiment_accuracy": 0.86},
)

SOURCES = {
    "starter": Source("starter domain", _starter, knowledge=True),
    "banking77": Source("BANKING77", partial(_public, "intent/banking77", _intent), {"intent_accuracy": 0.93}),
    "snips": Source(
        "SNIPS", partial(_public, "intent_slots/snips", _joint), {"intent_accuracy": 0.983, "entity_f1": 0.95}
    ),
    "phrasebank": _PHRASEBANK,
    "phrasebank-mpnet": replace(_PHRASEBANK, title=f"{_PHRASEBANK.title}, MPNet", base=mpnet),
    **{
        f"hint3-{domain}": Source(f"HINT3 {domain}", partial(_public, "intent/hint3", _intent, domain))
        for domain in ("curekart", "powerplay11", "sofmattress")
    },
    **{
        f"multidogo-{domain}{'-context' if in_context else ''}": Source(
            f"MultiDoGO {domain}{', after the turn before' if in_context else ''}",
            partial(_multidogo, domain, in_context=in_context),
        )
        for domain in ("airline", "finance")
        for in_context in (False, True)
    },
}
