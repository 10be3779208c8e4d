"""Figures of a whole run, and of the difference between two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

#: Draws of the bootstrap, and the share that lies inside its interval.
DRAWS, INSIDE = 2000, 0.95
_AT_ONCE = 2_000_000

Results = Sequence[tuple[int, list[dict[str, Any]]]]
"""Of each row, what every criterion said."""


def metrics(results: Results) -> dict[str, dict[str, Any]]:
    """Of each criterion its mean score; of classifications and spans what they are known by."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for _, told in results:
        for one in told:
            if one.get("score") is not None:
                by_name.setdefault(one["name"], []).append(one)
    return {name: _figures(told) for name, told in by_name.items()}


def _figures(told: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": len(told), "mean_score": sum(one["score"] for one in told) / len(told)}
    details = [one.get("details") or {} for one in told]
    if "wanted" in details[0]:
        found["accuracy"] = found["mean_score"]
        found |= _by_label(_label_counts(details))
    elif "spans" in details[0]:
        total: dict[str, list[int]] = {}
        for one in details:
            for label, numbers in one["spans"].items():
                known = total.get(label, [0, 0, 0])
                total[label] = [a + b for a, b in zip(known, numbers, strict=True)]
        sums = [sum(numbers[place] for numbers in total.values()) for place in range(3)]
        found["micro_f1"] = _f1(*sums)
        found |= _by_label(total)
    return found


def _label_counts(details: Iterable[Mapping[str, str]]) -> dict[str, list[int]]:
    right: Counter[str] = Counter()
    said: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for one in details:
        said[one["said"]] += 1
        wanted[one["wanted"]] += 1
        right[one["wanted"]] += one["said"] == one["wanted"]
    # What nobody wanted is no label of the task: it lowers the precision of none, and the recall of those in whose place it stands.
    return {label: [right[label], said[label], wanted[label]] for label in sorted(wanted)}


def _by_label(counts: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    scores = {label: _f1(*numbers) for label, numbers in counts.items()}
    return {"macro_f1": sum(scores.values()) / len(scores) if scores else 1.0, "f1_by_label": scores}


def _f1(right: int, found: int, there: int) -> float:
    return 2 * right / (found + there) if found + there else 1.0


def compared(baseline: Results, candidate: Results, inside: float = INSIDE) -> dict[str, dict[str, Any]]:
    """The difference of mean scores of each criterion over the rows that both have, with a paired bootstrap interval.

    ``inside`` is the share of the draws that lies in it, 0..1.

    Rows are drawn with their scores in both runs (Efron and Tibshirani 1993; for evaluations Koehn 2004).
    """
    ours, theirs = _scores(candidate), _scores(baseline)
    found: dict[str, dict[str, Any]] = {}
    for name in sorted(ours.keys() & theirs.keys()):
        rows = sorted(ours[name].keys() & theirs[name].keys())
        if rows:
            before = np.array([theirs[name][row] for row in rows])
            after = np.array([ours[name][row] for row in rows])
            low, high = _interval(after - before, inside)
            found[name] = {
                "rows": len(rows),
                "baseline": float(before.mean()),
                "candidate": float(after.mean()),
                "difference": float((after - before).mean()),
                "low": low,
                "high": high,
                "better": int((after > before).sum()),
                "worse": int((after < before).sum()),
            }
    return found


def _scores(results: Results) -> dict[str, dict[int, float]]:
    scores: dict[str, dict[int, float]] = {}
    for row, told in results:
        for one in told:
            if one.get("score") is not None:
                scores.setdefault(one["name"], {})[row] = one["score"]
    return scores


def _interval(differences: Any, inside: float) -> tuple[float, float]:
    chance, size = np.random.default_rng(0), len(differences)  # the same rows have the same interval each time
    at_once = max(1, _AT_ONCE // size)
    means = [
        differences[chance.integers(0, size, (min(at_once, DRAWS - begun), size))].mean(axis=1)
        for begun in range(0, DRAWS, at_once)
    ]
    low, high = np.quantile(np.concatenate(means), [(1 - inside) / 2, (1 + inside) / 2])
    return float(low), float(high)
