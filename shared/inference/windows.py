"""One reading of a long text out of the readings of its windows. Pure numpy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf

import numpy as np

from shared.contracts.chat.understanding import (
    OUT_OF_SCOPE,
    SENTIMENTS,
    EntitySpan,
    IntentScore,
    Sentiment,
    SentimentLabel,
    Understanding,
)
from shared.inference.interpretation import RANKED
from shared.inference.reading import Reading
from shared.inference.session import FloatArray
from shared.inference.tokens import MAX_WINDOWS, Encoded


def combined(windows: Sequence[Encoded], readings: Sequence[Reading]) -> Reading:
    """The reading of the whole text.

    Each intent and each sentiment counts by the window that is surest of it: what is said once, at the end, is said. The text is out of
    scope as far as its best window is. Entities are those of all windows; where two overlap, that one counts in whose half of the overlap
    the entity begins.

    Args:
        windows: All windows of the text; the first ``MAX_WINDOWS`` of them were read.
        readings: One for each window read.
    """
    if len(windows) == 1:
        return readings[0]
    understandings = [reading.understanding for reading in readings]
    ranking = _ranking(understandings)
    understanding = understandings[0].model_copy(
        update={
            "intent": _intent(understandings, ranking),
            "ranking": ranking,
            "entities": tuple(merged_entities(windows[: len(readings)], [one.entities for one in understandings])),
            "sentiment": _sentiment([one.sentiment for one in understandings if one.sentiment is not None]),
            "tokens": sum(one.tokens for one in understandings),
            "truncated": len(windows) > MAX_WINDOWS,
        }
    )
    return Reading(
        understanding, mean_direction(np.stack([reading.embedding for reading in readings])), understanding.tokens
    )


def mean_direction(vectors: FloatArray) -> FloatArray:
    """The mean [d] of vectors [n, d], of length 1; zeros stay zeros."""
    mean: FloatArray = vectors.mean(axis=0)
    return mean / np.float32(max(float(np.linalg.norm(mean)), 1e-9))


def _intent(understandings: Sequence[Understanding], ranking: Sequence[IntentScore]) -> IntentScore | None:
    """The likeliest intent of those that a window was in scope of; out of scope if no window was in scope."""
    meant = {one.intent.name for one in understandings if one.intent is not None}
    served = next((score for score in ranking if score.name in meant and score.name != OUT_OF_SCOPE), None)
    return served or understandings[0].intent


def _ranking(understandings: Sequence[Understanding]) -> tuple[IntentScore, ...]:
    told: dict[str, list[float]] = {}
    for score in (score for one in understandings for score in one.ranking):
        told.setdefault(score.name, []).append(score.confidence)
    pooled = {name: min(found) if name == OUT_OF_SCOPE else max(found) for name, found in told.items()}
    ranked = sorted(_shares(pooled).items(), key=lambda pair: -pair[1])[:RANKED]
    return tuple(IntentScore(name=name, confidence=share) for name, share in ranked)


def _shares(pooled: Mapping[str, float]) -> dict[str, float]:
    """Confidences whose sum is 1 at most."""
    total = max(sum(pooled.values()), 1.0)
    return {name: value / total for name, value in pooled.items()}


def _sentiment(told: Sequence[Sentiment]) -> Sentiment | None:
    if not told:
        return None
    each = [_probabilities(sentiment) for sentiment in told]
    pooled = {label: max(one[label] for one in each) for label in SENTIMENTS}
    total = sum(pooled.values())
    label = max(SENTIMENTS, key=lambda label: pooled[label])
    score = (pooled["positive"] - pooled["negative"]) / total
    return Sentiment(label=label, score=score, confidence=pooled[label] / total)


def _probabilities(sentiment: Sentiment) -> dict[SentimentLabel, float]:
    """The three probabilities, which label, score and confidence determine."""
    sure, score = sentiment.confidence, sentiment.score
    if sentiment.label == "neutral":
        polar = 1.0 - sure
        return {"negative": (polar - score) / 2, "neutral": sure, "positive": (polar + score) / 2}
    other = max(sure - abs(score), 0.0)
    neutral = max(1.0 - sure - other, 0.0)
    negative, positive = (sure, other) if sentiment.label == "negative" else (other, sure)
    return {"negative": negative, "neutral": neutral, "positive": positive}


def merged_entities(windows: Sequence[Encoded], found: Sequence[Sequence[EntitySpan]]) -> Iterator[EntitySpan]:
    """The entities of a text from those of its windows: where two overlap, that window counts in whose half one begins.

    Args:
        windows: Those that were read, in order.
        found: What was found in each.
    """
    borders = [0.0, *[_border(*pair) for pair in pairwise(windows)], inf]
    end = 0
    for entities, (first, last) in zip(found, pairwise(borders), strict=True):
        for entity in entities:
            if max(first, end) <= entity.start < last:
                end = entity.end
                yield entity


def _border(before: Encoded, after: Encoded) -> float:
    """The middle of what two windows share, as a place in the text."""
    begins = min((start for start, end in after.offsets if end > start), default=0)
    ends = max((end for start, end in before.offsets if end > start), default=begins)
    return (begins + ends) / 2
