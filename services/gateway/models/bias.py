"""Has a model answer swapped rows."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.analysis.client import Texts
from services.gateway.models.predictions import Predictions
from shared.bias.report import Answered, Difference, differences
from shared.bias.swaps import swaps
from shared.contracts.chat.understanding import Understanding
from shared.errors import InvalidInput
from shared.storage.tables.core import Model

#: Texts of one message to a model.
_AT_ONCE = 64
_TONES = {"positive": 1.0, "negative": -1.0}


async def bias_of(model: Model, rows: Sequence[str], texts: Texts, predictions: Predictions) -> list[Difference]:
    """How a model answers the rows when who says them changes.

    Raises:
        InvalidInput: It is of a task that tells neither an intent nor a label.
        ParleyError: It does not answer.
    """
    if model.task not in ("nlu", "text_classification"):
        raise InvalidInput(
            f"{model.id} is a model of {model.task!r}; bias is told of 'nlu' and 'text_classification'.",
            param="model_id",
        )
    swapped = [swap for row in rows for swap in swaps(row)]
    asked = list(dict.fromkeys(text for swap in swapped for text in (swap.before, swap.after)))
    said: dict[str, Answered] = {}
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        if model.task == "nlu":
            read = await texts.read(some, model=model.id)
            answers = [_understood(one) for one in read.understandings]
        else:
            predicted = await predictions.ask(model.id, [{"text": text} for text in some])
            answers = [_labelled(one) for one in predicted.answers]
        said |= dict(zip(some, answers, strict=True))
    return differences((swap.dimension, swap.group, said[swap.before], said[swap.after]) for swap in swapped)


def _understood(one: Understanding) -> Answered:
    return Answered(one.intent.name if one.intent else None, one.sentiment.score if one.sentiment else None)


def _labelled(answer: dict[str, object]) -> Answered:
    label = answer.get("label") or ",".join(sorted(map(str, answer.get("labels") or ())))  # type: ignore[call-overload]
    probabilities = answer.get("probabilities")
    if not isinstance(probabilities, dict) or not _TONES.keys() <= {str(name).lower() for name in probabilities}:
        return Answered(str(label), None)
    score = sum(_TONES.get(str(name).lower(), 0.0) * float(value) for name, value in probabilities.items())
    return Answered(str(label), score)
