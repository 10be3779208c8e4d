"""From what a model and the rules say of a text to the categories of the convention. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from services.gateway.moderations.rules import HARMFUL_RULES, RULES
from services.gateway.moderations.schemas import Moderation

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)

#: A label of these names says that nothing is wrong.
_HARMLESS = frozenset(("none", "ok", "safe", "clean", "neutral", "normal", "harmless", "other", "正常", "安全", "无"))

_SPELLING = re.compile(r"[\s/_-]+")
_BY_SPELLING = {_SPELLING.sub(" ", name): name for name in CATEGORIES}


def category_of(label: str) -> str | None:
    """The category that a label of a model stands for: the convention's, however it is spelled, or the label itself."""
    spelled = _SPELLING.sub(" ", label.strip().lower())
    if spelled in _HARMLESS:
        return None
    return _BY_SPELLING.get(spelled, label)


def judged(answer: Mapping[str, Any] | None, text: str) -> Moderation:
    """What is wrong with a text.

    Args:
        answer: Of a model of text classification: ``labels`` or ``label``, and ``probabilities``; ``None``: there is none.
        text: For the rules.
    """
    scores = dict.fromkeys(CATEGORIES, 0.0)
    applies = dict.fromkeys(CATEGORIES, False)
    if answer is not None:
        chosen = {*answer.get("labels", ()), *([answer["label"]] if "label" in answer else [])}
        for label, probability in answer.get("probabilities", dict.fromkeys(chosen, 1.0)).items():
            if (category := category_of(label)) is not None:
                scores[category] = max(scores.get(category, 0.0), float(probability))
                applies[category] = applies.get(category, False) or label in chosen
    flagged = any(applies.values())
    for name, sees in RULES.items():
        applies[name] = sees(text)
        scores[name] = float(applies[name])
        flagged = flagged or (applies[name] and name in HARMFUL_RULES)
    return Moderation(
        flagged=flagged,
        categories=applies,
        category_scores=scores,
        category_applied_input_types={name: ["text"] for name in applies},
    )


def not_judged(answers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Categories of the convention of which a model knows nothing."""
    known = {category_of(label) for answer in answers for label in answer.get("probabilities", ())}
    return [name for name in CATEGORIES if name not in known]
