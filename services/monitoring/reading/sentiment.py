"""Sentiment in whole thousandths, whatever model told it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.chat.understanding import SENTIMENTS, SentimentLabel, Understanding

THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Felt:
    """How something feels. Whole numbers, so that sums of them do not depend on their order.

    Attributes:
        label: The likeliest; ``None``: the model could not tell.
        score: Positive minus negative probability, in thousandths.
        confidence: Probability of the label, in thousandths.
    """

    label: SentimentLabel | None
    score: int
    confidence: int


UNTOLD = Felt(None, 0, 0)


def of_understanding(understanding: Understanding) -> Felt:
    """What a model of the task ``nlu`` tells; nothing if it has learned no sentiment."""
    told = understanding.sentiment
    return UNTOLD if told is None else Felt(told.label, round(told.score * THOUSAND), round(told.confidence * THOUSAND))


def of_probabilities(answer: Mapping[str, Any]) -> Felt:
    """What a classifier tells whose labels are the three sentiments; nothing if they are others."""
    told = answer.get("probabilities")
    if not isinstance(told, dict) or not {"negative", "positive"} <= told.keys() <= set(SENTIMENTS):
        return UNTOLD
    label = max((one for one in SENTIMENTS if one in told), key=lambda one: float(told[one]))
    score = float(told["positive"]) - float(told["negative"])
    return Felt(label, round(score * THOUSAND), round(float(told[label]) * THOUSAND))


def together(felt: Sequence[Felt], lengths: Sequence[int]) -> Felt:
    """Several pieces of one text, each as weighty as it is long; the label is the one that most of it has."""
    told = [(one, length) for one, length in zip(felt, lengths, strict=True) if one.label is not None]
    whole = sum(length for _, length in told)
    if not whole:
        return UNTOLD
    weight = {label: sum(one.confidence * length for one, length in told if one.label == label) for label in SENTIMENTS}
    label = max(SENTIMENTS, key=lambda one: weight[one])
    score = sum(one.score * length for one, length in told) / whole
    return Felt(label, round(score), round(weight[label] / whole))
