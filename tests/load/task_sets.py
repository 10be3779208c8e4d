"""The public sets that each task is measured on, as records of it."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.contracts.training.tasks import TaskName

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskSet:
    """What a task is measured on.

    Attributes:
        title: As the report shows it.
        task: The task.
        file: Of the set.
        record: A row of the set as a record of the task; ``None`` leaves it out.
        shown: The scores that the report shows.
        options: Of the job, besides its defaults.
    """

    title: str
    task: TaskName
    file: str
    record: Callable[[Mapping[str, Any]], Record | None]
    shown: tuple[str, ...]
    options: Mapping[str, Any]


def _labelled(row: Mapping[str, Any]) -> Record:
    return {"text": row["text"], "label": row["label"]}


def _tagged(row: Mapping[str, Any]) -> Record:
    return {"tokens": row["tokens"], "tags": row["tags"]}


def _about(row: Mapping[str, Any]) -> Record:
    return {"text": row["text"], "text_pair": row["entity"], "label": row["label"]}


def _asked(row: Mapping[str, Any]) -> Record | None:
    starts = [(answer, row["context"].find(answer)) for answer in dict.fromkeys(row["answers"])]
    answers = [{"text": answer, "start": start} for answer, start in starts if start >= 0]
    return {"question": row["question"], "context": row["context"], "answers": answers} if answers else None


def _answered(row: Mapping[str, Any]) -> Record:
    return {"query": row["question"], "positive": row["answer"]}


_LONG: Mapping[str, Any] = {"schedule": {"max_length": 256}}
_CHOICE, _SPANS, _FOUND, _READ = (
    ("accuracy", "macro_f1"),
    ("entity_f1",),
    ("recall_at_1", "recall_at_5", "mrr"),
    ("exact_match", "f1"),
)

SETS: Mapping[str, TaskSet] = {
    "sst2": TaskSet("SST-2 (6,900 rows)", "text_classification", "sentiment/sst2", _labelled, _CHOICE, {}),
    "banking77": TaskSet("BANKING77", "text_classification", "intent/banking77", _labelled, _CHOICE, {}),
    "wnut17": TaskSet("WNUT17", "token_classification", "ner/wnut17", _tagged, _SPANS, {}),
    "sec": TaskSet("SEC filings", "token_classification", "ner/sec_filings", _tagged, _SPANS, {}),
    "sentfin": TaskSet(
        "SEntFiN, headline and entity", "pair_classification", "sentiment/sentfin_entity", _about, _CHOICE, {}
    ),
    "policyqa": TaskSet("PolicyQA", "question_answering", "faq/policyqa", _asked, _READ, _LONG),
    "bank_faq": TaskSet("Bank FAQ, embedding", "embedding", "faq/bank_faq", _answered, _FOUND, _LONG),
    "bank_faq_ranking": TaskSet("Bank FAQ, ranking", "ranking", "faq/bank_faq", _answered, _FOUND, {}),
}


def records(name: str) -> dict[str, list[Record]]:
    """The records of a set by its own split, without test rows that also stand in train."""
    chosen = SETS[name]
    sides: dict[str, list[Record]] = {"train": [], "validation": [], "test": []}
    for row in _rows(chosen.file):
        record = None if row.get("dup_in_train") else chosen.record(row)
        if record is not None:
            sides[row["split"]].append(record)
    return sides


def _rows(file: str) -> Iterator[dict[str, Any]]:
    folder = Path(os.environ.get("PARLEY_TEST_DATA", "../shared/data"))
    with gzip.open(folder / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
