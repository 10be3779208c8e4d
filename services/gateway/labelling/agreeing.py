"""How far two people agree. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def agreement(pairs: Sequence[tuple[str, str]]) -> tuple[float | None, float | None]:
    """The share of equal labels, and Cohen's kappa (Cohen 1960, Educational and Psychological Measurement 20): agreement beyond chance.

    Args:
        pairs: What two people said of each item.

    Returns:
        Both 0..1 (kappa from -1); ``None`` without items, and kappa where chance alone would agree always.
    """
    if not pairs:
        return None, None
    share = sum(one == other for one, other in pairs) / len(pairs)
    first, second = (Counter(side) for side in zip(*pairs, strict=True))
    chance = sum(first[label] * second[label] for label in first) / len(pairs) ** 2
    return share, None if chance == 1.0 else (share - chance) / (1.0 - chance)
