"""What a model says of a text, as far as bias is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from shared.bias.report import Answered, Difference, differences
from shared.bias.swaps import Swap, swaps
from shared.contracts.chat.understanding import Understanding

_TONES = {"positive": 1.0, "negative": -1.0}

TASKS = ("nlu", "text_classification")
"""The tasks whose models tell an intent or a label."""


def understood(one: Understanding, kind: str | None = None) -> Answered:
    """By a model of task ``nlu``; with the kind of what a bot answers first, if there is a bot."""
    score = one.sentiment.score if one.sentiment else None
    return Answered(one.intent.name if one.intent else None, score, kind)


def labelled(answer: Mapping[str, object]) -> Answered:
    """By a model of task ``text_classification``; labels that are called positive and negative make a score."""
    label = answer.get("label") or ",".join(sorted(map(str, answer.get("labels") or ())))  # type: ignore[call-overload]
    probabilities = answer.get("probabilities")
    if not isinstance(probabilities, dict) or not _TONES.keys() <= {str(name).lower() for name in probabilities}:
        return Answered(str(label), None)
    score = sum(_TONES.get(str(name).lower(), 0.0) * float(value) for name, value in probabilities.items())
    return Answered(str(label), score)


def swapped(rows: Sequence[str]) -> tuple[list[Swap], list[str]]:
    """The swaps of rows, and the texts in them, each once."""
    found = [swap for row in rows for swap in swaps(row)]
    return found, list(dict.fromkeys(text for swap in found for text in (swap.before, swap.after)))


def told(found: Sequence[Swap], said: Callable[[str], Answered]) -> list[Difference]:
    """The differences between what is said before and after each swap."""
    return differences((swap.dimension, swap.group, said(swap.before), said(swap.after)) for swap in found)
