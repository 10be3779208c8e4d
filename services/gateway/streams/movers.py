"""Which scopes of a stream moved most between two spans of time of one length. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from services.gateway.streams.objects import measured
from services.gateway.streams.schemas import Mover
from shared.storage.monitoring.trends import Bucket


def movers(now: Mapping[str, Bucket], before: Mapping[str, Bucket], limit: int) -> list[Mover]:
    """Scopes by how much their feeling and their volume moved, each by as many texts as stand behind it; the greatest first.

    Args:
        now: Counts by name.
        before: Those of the span before.
        limit: Scopes at most.
    """
    whole = sum(bucket.texts for bucket in now.values())
    names = sorted(now.keys() | before.keys(), key=lambda name: (-_movement(now.get(name), before.get(name)), name))
    return [_mover(name, now.get(name) or Bucket(0), before.get(name) or Bucket(0), whole) for name in names[:limit]]


def by_name(buckets: Sequence[Bucket], dimension: str) -> dict[str, Bucket]:
    """Counts by the name that they have in a dimension."""
    return {getattr(bucket, dimension): bucket for bucket in buckets}


def _movement(now: Bucket | None, before: Bucket | None) -> float:
    """How far a scope moved, in standard errors roughly: a single text that changed its mind moves nothing.

    Volumes as counts of Poisson, by the difference of their roots; means by the number of texts of the smaller side.
    """
    texts, former = now.texts if now else 0, before.texts if before else 0
    volume = 2 * abs(sqrt(texts) - sqrt(former))
    if now is None or before is None or not texts or not former:
        return volume
    return volume + abs(now.mean - before.mean) * sqrt(min(texts, former))


def _mover(name: str, now: Bucket, before: Bucket, whole: int) -> Mover:
    both = bool(now.texts and before.texts)
    return Mover(
        name=name,
        share=round(now.texts / whole, 4) if whole else 0.0,
        before=measured(before),
        change=round(now.mean - before.mean, 4) if both else None,
        growth=round(now.texts / before.texts, 4) if before.texts else None,
        **measured(now).model_dump(),
    )
