"""Public sets of recommendation, and the protocol by which methods are compared on them.

Positive events (ratings of 4 and more, purchases), repeats keep the last; people with three different items at least; the last item by
time (ties in file order) is the target, all earlier ones the profile; every item seen in a profile is ranked but those in the person's
own; figures over people whose target is among them.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shared.tasks.recommendation.histories import MIN_ITEMS, History, histories, up_to
from shared.tasks.recommendation.record import KIND, EventRow, ItemRow

SETS = ("movielens_small", "groceries")
DEPTH = 10


@dataclass(frozen=True)
class Cut:
    """A set, cut.

    Attributes:
        records: As a training file has them.
        items: Ids of those seen in a profile, in the order of the columns.
        profiles: Of each person, columns, oldest first.
        targets: The column of what each chose next; -1 where nobody had chosen it.
        rows: The same as histories.
    """

    records: list[dict[str, Any]]
    items: list[str]
    profiles: list[NDArray[np.int64]]
    targets: NDArray[np.int64]
    rows: list[History]

    @property
    def matrix(self) -> sparse.csr_matrix:
        """[people, items], 1 where somebody chose an item."""
        rows = np.repeat(np.arange(len(self.profiles)), [len(one) for one in self.profiles])
        columns = np.concatenate(self.profiles)
        return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), (len(self.profiles), len(self.items)))


def records(name: str) -> Iterator[dict[str, Any]]:
    """Items and events of a set; tags, which are no events of ours, are left out."""
    folder = Path(os.environ.get("PARLEY_TEST_DATA", "../shared/data")) / "recommendation"
    for part in ("items", "events"):
        with gzip.open(folder / f"{name}.{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if record.get("event") != "tag":
                    yield record


def cut(found: Sequence[dict[str, Any]]) -> Cut:
    """Cut a set by the protocol; people with fewer items are left out of everything."""
    parsed = [KIND.parse(record) for record in found]
    items = {row.item_id: row for row in parsed if isinstance(row, ItemRow)}
    events = [row for row in parsed if isinstance(row, EventRow)]
    whole = [one for one in histories(items, events) if len(one.visits) >= MIN_ITEMS]
    people = {one.who for one in whole}
    rows = up_to(whole, 1)
    columns: dict[str, int] = {}
    for row in rows:
        for visit in row.visits:
            columns.setdefault(visit.item.item_id, len(columns))
    profiles = [np.array([columns[visit.item.item_id] for visit in row.visits]) for row in rows]
    targets = np.array([columns.get(row.target.item.item_id, -1) if row.target else -1 for row in rows])
    kept = [one for one, row in zip(found, parsed, strict=True) if not isinstance(row, EventRow) or row.who in people]
    return Cut(kept, list(columns), profiles, targets, rows)


def figures(scores: NDArray[np.floating], one: Cut) -> dict[str, float]:
    """NDCG@10 and Recall@10, 0..100, of scores [people, items]; of equal scores the wrong one stands first."""
    gains, hits = [], []
    for person, (profile, target) in enumerate(zip(one.profiles, one.targets, strict=True)):
        if target < 0:
            continue
        mine = np.array(scores[person], np.float64)
        mine[profile] = -np.inf
        rank = int((mine >= mine[target]).sum())
        hits.append(rank <= DEPTH)
        gains.append(1 / np.log2(rank + 1) if rank <= DEPTH else 0.0)
    return {"ndcg": 100 * float(np.mean(gains)), "recall": 100 * float(np.mean(hits))}
