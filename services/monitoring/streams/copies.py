"""Which documents are copies of which, by the bands that they share. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping


def candidates(owners: Mapping[str, Mapping[str, str]], needed: int) -> dict[str, str]:
    """By document, the one that owns most of its bands, if it owns enough of them.

    Args:
        owners: By document, the owner of each band; itself where nobody had it before.
        needed: Bands.
    """
    found = {}
    for document, by_band in owners.items():
        counts = Counter(owner for owner in by_band.values() if owner != document)
        if counts:
            owner = min(counts, key=lambda one: (-counts[one], one))
            if counts[owner] >= needed:
                found[document] = owner
    return found


def roots(copies: Mapping[str, str], before: Mapping[str, str], order: Iterable[str]) -> dict[str, str]:
    """What each copy is a copy of in the end: a copy of a copy is one of the first.

    Args:
        copies: By document, another.
        before: The same of documents that were kept before; they stand for themselves where they are not in it.
        order: All documents of ``copies``, the earliest first.
    """
    found: dict[str, str] = {}
    for document in order:
        if document in copies:
            other = copies[document]
            root = found.get(other) or before.get(other) or other
            if root != document:
                found[document] = root
    return found
