"""Which texts a query is compared with: those of its rows, and some of other queries'."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.rows.retrieval import RetrievalRow
from shared.text.normalisation import folded


@dataclass(frozen=True, slots=True)
class Candidates:
    """A query with its texts.

    Attributes:
        query: As its first row has it.
        texts: What it is compared with; those that it should find stand first.
        right: How many of them these are.
    """

    query: str
    texts: tuple[str, ...]
    right: int


def candidates(rows: Sequence[RetrievalRow], others: int) -> list[Candidates]:
    """The candidates of each query, in the order of their first rows; the same rows have the same.

    Args:
        rows: Of any queries.
        others: How many texts of other queries stand among them, as far as there are so many.
    """
    by_query: dict[str, list[RetrievalRow]] = {}
    for row in rows:
        by_query.setdefault(row.key, []).append(row)
    pool = list({folded(row.positive): row.positive for row in rows}.items())
    found = []
    for key, group in by_query.items():
        right = {folded(row.positive): row.positive for row in group}
        wrong = {folded(text): text for row in group for text in row.negatives}
        seed = int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:8])
        for place in np.random.default_rng(seed).permutation(len(pool))[: others + len(right) + len(wrong)]:
            if pool[place][0] not in right and pool[place][0] not in wrong and others > 0:
                wrong[pool[place][0]] = pool[place][1]
        texts = [text for form, text in wrong.items() if form not in right]
        given = sum(len(row.negatives) for row in group)
        found.append(Candidates(group[0].query, (*right.values(), *texts[: given + others]), len(right)))
    return found
