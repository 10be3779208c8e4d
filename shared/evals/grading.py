"""A row graded: each criterion gives it a score, and says whether that is enough."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from shared.errors import InvalidInput
from shared.evals import formulas, similarity
from shared.evals.graders import (
    Classification,
    Grader,
    LabelModel,
    Multi,
    ScoreModel,
    Spans,
    StringCheck,
    TextSimilarity,
)
from shared.evals.spans import counts, spans_of
from shared.evals.templates import Namespace, filled

Ask = Callable[[str, dict[str, Any], str], Awaitable[dict[str, Any]]]
"""POSTs a body to a path of this API, with a key under which it is not done twice; raises ``InvalidInput`` for any refusal."""


@dataclass(frozen=True, slots=True)
class Grade:
    """What a criterion says of a row.

    Attributes:
        score: A number, usually 0..1.
        passed: Whether it is enough.
        details: What a run's figures are made of.
        parts: Scores of the graders that it is made of.
        usage: Tokens that each model took.
    """

    score: float
    passed: bool
    details: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)
    usage: dict[str, dict[str, int]] = field(default_factory=dict)


async def graded(grader: Grader, names: Namespace, ask: Ask, key: str) -> Grade:
    """Grade a row.

    Args:
        grader: By what.
        names: ``item`` and ``sample``.
        ask: Reaches models.
        key: Of this row and criterion.

    Raises:
        InvalidInput: The row has not what the grader reads, or a model gave no grade.
    """
    if isinstance(grader, StringCheck):
        return _string_check(grader, names)
    if isinstance(grader, Classification):
        said, wanted = filled(grader.input, names).strip(), filled(grader.reference, names).strip()
        return Grade(float(said == wanted), said == wanted, {"said": said, "wanted": wanted})
    if isinstance(grader, Spans):
        return _spans(grader, names)
    if isinstance(grader, TextSimilarity):
        return await _similarity(grader, names, ask, key)
    if isinstance(grader, LabelModel):
        return await _label(grader, names, ask, key)
    if isinstance(grader, ScoreModel):
        return await _score(grader, names, ask, key)
    if isinstance(grader, Multi):
        return await _multi(grader, names, ask, key)
    raise InvalidInput("graders in Python are not run", param="grader")


def _string_check(grader: StringCheck, names: Namespace) -> Grade:
    said, wanted = filled(grader.input, names), filled(grader.reference, names)
    holds = {
        "eq": said == wanted,
        "ne": said != wanted,
        "like": wanted in said,
        "ilike": wanted.casefold() in said.casefold(),
    }[grader.operation]
    return Grade(float(holds), holds)


def _spans(grader: Spans, names: Namespace) -> Grade:
    said, wanted = spans_of(filled(grader.input, names)), spans_of(filled(grader.reference, names))
    by_label = counts(said, wanted)
    right, found, there = (sum(one[place] for one in by_label.values()) for place in range(3))
    score = 2 * right / (found + there) if found + there else 1.0
    return Grade(score, score >= grader.pass_threshold, {"spans": by_label})


async def _similarity(grader: TextSimilarity, names: Namespace, ask: Ask, key: str) -> Grade:
    said, wanted = filled(grader.input, names), filled(grader.reference, names)
    usage: dict[str, dict[str, int]] = {}
    if grader.evaluation_metric == "cosine":
        body = {"model": grader.model, "input": [said or " ", wanted or " "], "encoding_format": "float"}
        answer = await ask("/v1/embeddings", body, key)
        one, other = (each["embedding"] for each in answer["data"])
        score = sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other) or 1.0)
        usage = {grader.model: tokens_of(answer)}
    else:
        score = similarity.MEASURES[grader.evaluation_metric](said, wanted)
    threshold = 0.5 if grader.pass_threshold is None else grader.pass_threshold
    return Grade(score, score >= threshold, usage=usage)


async def _label(grader: LabelModel, names: Namespace, ask: Ask, key: str) -> Grade:
    messages = [{"role": one.role, "content": filled(one.template, names)} for one in grader.input]
    schema = {"type": "object", "properties": {"label": {"enum": grader.labels}}, "required": ["label"]}
    try:
        answer = await ask("/v1/chat/completions", _structured(grader.model, messages, schema), key)
        label = _answered(answer, "label")
    except NotAWriter:
        answer = await ask("/v1/decisions", _decision(grader, messages), key)
        label = answer["answers"][0].get("choice")
    if label not in grader.labels:
        raise InvalidInput(f"{grader.model} gave no label of {grader.name!r}")
    passed = label in grader.passing_labels
    return Grade(float(passed), passed, {"label": label}, usage={grader.model: tokens_of(answer)})


async def _score(grader: ScoreModel, names: Namespace, ask: Ask, key: str) -> Grade:
    messages = [{"role": one.role, "content": filled(one.template, names)} for one in grader.input]
    low, high = grader.range
    result = {"type": "number", "minimum": low, "maximum": high}
    schema = {"type": "object", "properties": {"result": result}, "required": ["result"]}
    answer = await ask("/v1/chat/completions", _structured(grader.model, messages, schema), key)
    score = _answered(answer, "result")
    if not isinstance(score, int | float) or not low <= score <= high:
        raise InvalidInput(f"{grader.model} gave no score of {grader.name!r} between {low} and {high}")
    threshold = (low + high) / 2 if grader.pass_threshold is None else grader.pass_threshold
    return Grade(float(score), score >= threshold, usage={grader.model: tokens_of(answer)})


async def _multi(grader: Multi, names: Namespace, ask: Ask, key: str) -> Grade:
    parts = {
        name: await graded(one, names, ask, f"{key}/{place}")
        for place, (name, one) in enumerate(grader.graders.items())
    }
    scores = {name: part.score for name, part in parts.items()}
    score = formulas.computed(grader.calculate_output, scores)
    usage: dict[str, dict[str, int]] = {}
    for part in parts.values():
        add_usage(usage, part.usage)
    threshold = 0.5 if grader.pass_threshold is None else grader.pass_threshold
    return Grade(score, score >= threshold, parts=scores, usage=usage)


class NotAWriter(InvalidInput):
    """The model is none that writes: a decision may be asked of it."""


def _structured(model: str, messages: list[dict[str, Any]], schema: dict[str, Any]) -> dict[str, Any]:
    form = {
        "type": "json_schema",
        "json_schema": {"name": "grade", "schema": {**schema, "additionalProperties": False}},
    }
    return {"model": model, "messages": messages, "temperature": 0, "max_tokens": 512, "response_format": form}


def _answered(answer: Mapping[str, Any], name: str) -> Any:
    try:
        return from_json(answer["choices"][0]["message"]["content"])[name]
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _decision(grader: LabelModel, messages: list[dict[str, Any]]) -> dict[str, Any]:
    told = "\n".join(one["content"] for one in messages if one["role"] in ("system", "developer"))
    said = [one for one in messages if one["role"] in ("user", "assistant")]
    choices = [{"value": label} for label in grader.labels]
    question = {"type": "choice", "name": "label", "instructions": told or grader.name, "choices": choices}
    return {"model": grader.model, "input": said or messages, "questions": [question]}


def tokens_of(answer: Mapping[str, Any]) -> dict[str, int]:
    """What an answer of the API says that it took."""
    usage = answer.get("usage") or {}
    read = int(usage.get("prompt_tokens", usage.get("input_tokens", 0)) or 0)
    written = int(usage.get("completion_tokens", usage.get("output_tokens", 0)) or 0)
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    return {"calls": 1, "read": read, "written": written, "cached": int(details.get("cached_tokens") or 0)}


def add_usage(total: dict[str, dict[str, int]], more: Mapping[str, Mapping[str, int]]) -> None:
    """Count what models took, in place."""
    for model, took in more.items():
        known = total.setdefault(model, {})
        for name, number in took.items():
            known[name] = known.get(name, 0) + number


def sample_of(text: str) -> dict[str, Any]:
    """The names of a sample: its words, and what they are as JSON."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    return {"output_text": text, "output_json": parsed}
