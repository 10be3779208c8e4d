"""Cuts rows into those that train, those that choose, and those that only judge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from shared.rows.row import RowT, learned_labels

#: Share of the texts that is held out for each of validation and test.
HELD_OUT = 0.1
#: Texts held out for each of them at most: more would only cost time.
MAX_HELD_OUT = 5_000
#: Texts of a label, still to be dealt out, from which on the side at hand gets one at least.
MIN_FOR_EACH_SIDE = 4

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Split(Generic[RowT]):
    """No text (as ``Row.key`` compares them, with what was said before it) stands on two sides."""

    train: tuple[RowT, ...]
    validation: tuple[RowT, ...]
    test: tuple[RowT, ...]


def split(rows: Sequence[RowT], *, seed: int, validation: Sequence[RowT] | None = None) -> Split[RowT]:
    """Split rows 80/10/10, stratified by intent (by sentiment where no intent is labelled); of every label, entities' too, some text trains.

    Which side a text falls on is decided by a hash of it, so the same seed holds out nearly the same texts when rows
    are added later: a new model and the one in production are then compared on rows that neither has seen.

    Args:
        rows: The rows of the training file.
        seed: Another seed holds out other texts.
        validation: The user's own validation rows; the other rows are then split 90/10 into train and test, and those
            with the text of a validation row are left out.
    """
    groups = _by_text(rows)
    if validation is not None:
        for row in validation:
            groups.pop(row.key, None)
    strata = _strata(groups, seed)
    share = min(HELD_OUT, MAX_HELD_OUT / max(len(groups), 1))
    test = _take(strata, share)
    chosen = _take(strata, share / (1 - share)) if validation is None else []
    train = [text for stratum in strata for text in stratum]
    for text in _needed(groups, train, [*chosen, *test]):
        (chosen if text in chosen else test).remove(text)
        train.append(text)
    return Split(
        train=_rows(groups, train),
        validation=_rows(groups, chosen) if validation is None else tuple(validation),
        test=_rows(groups, test),
    )


def with_more(parts: Split[RowT], rows: Iterable[RowT]) -> Split[RowT]:
    """More rows train, but for those with the text of a held-out row."""
    held_out = {row.key for row in (*parts.validation, *parts.test)}
    return replace(parts, train=(*parts.train, *(row for row in rows if row.key not in held_out)))


def thinned(items: Sequence[Item], most: int) -> Sequence[Item]:
    """``most`` of the items at most, evenly chosen, in their order."""
    return items[:: -(-len(items) // most) or 1]


def _by_text(rows: Iterable[RowT]) -> dict[str, list[RowT]]:
    groups: dict[str, list[RowT]] = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    return groups


def _strata(groups: Mapping[str, Sequence[RowT]], seed: int) -> list[list[str]]:
    """The texts of each label, in the order of their hashes."""
    strata: dict[str, list[str]] = {}
    for text, rows in groups.items():
        strata.setdefault(rows[0].stratum, []).append(text)
    for texts in strata.values():
        texts.sort(key=lambda text: hashlib.sha256(f"{seed} {text}".encode()).digest())
    return [strata[label] for label in sorted(strata)]


def _take(strata: list[list[str]], share: float) -> list[str]:
    """Take a share off the front of each stratum; what small ones cannot give whole is carried on to the next."""
    taken: list[str] = []
    owed = 0.0
    for texts in strata:
        owed += share * len(texts)
        least = 1 if len(texts) >= MIN_FOR_EACH_SIDE else 0
        count = min(max(round(owed), least), len(texts) // 2)
        owed = max(owed - count, -1.0)
        taken += texts[:count]
        del texts[:count]
    return taken


def _needed(groups: Mapping[str, Sequence[RowT]], train: list[str], held_out: list[str]) -> list[str]:
    """Texts that were held out and have a label that no text of the training side has: the first of each such label."""
    known = {label for text in train for row in groups[text] for label in learned_labels(row)}
    needed = []
    for text in held_out:
        labels = {label for row in groups[text] for label in learned_labels(row)}
        if not labels <= known:
            known |= labels
            needed.append(text)
    return needed


def _rows(groups: Mapping[str, Sequence[RowT]], texts: Iterable[str]) -> tuple[RowT, ...]:
    return tuple(row for text in texts for row in groups[text])
