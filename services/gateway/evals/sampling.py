"""What a model answers to a row."""

from __future__ import annotations

from typing import Any

from services.gateway.evals.sources import ItemReference, Sampled
from shared.errors import InvalidInput
from shared.evals.grading import Ask, sample_of, tokens_of
from shared.evals.rows import SourceRow
from shared.evals.templates import filled, value_at

_PATHS = {"completions": "/v1/chat/completions", "responses": "/v1/responses"}


async def sampled(source: Sampled, row: SourceRow, ask: Ask, key: str) -> dict[str, Any]:
    """The sample of a row: as it stands there, or as a model answers now.

    Raises:
        InvalidInput: The row has not what the messages need, or the model refuses them.
    """
    if source.model is None or source.input_messages is None:
        return given(row)
    messages = _messages(source, row)
    name = "messages" if source.type == "completions" else "input"
    body = {**(source.sampling_params or {}), "model": source.model, name: messages}
    if source.type == "responses":
        body["store"] = False
    answer = await ask(_PATHS[source.type], body, key)
    text, reason = _text(answer)
    return {
        **sample_of(text),
        "input": messages,
        "model": answer.get("model", source.model),
        "finish_reason": reason,
        "usage": tokens_of(answer),
    }


def given(row: SourceRow) -> dict[str, Any]:
    """The sample that a row brings along."""
    sample = row.sample or {}
    text = sample.get("output_text")
    return {**(sample_of(text) if isinstance(text, str) else {}), **sample}


def _messages(source: Sampled, row: SourceRow) -> list[dict[str, Any]]:
    names = {"item": row.item}
    if isinstance(source.input_messages, ItemReference):
        found = value_at(source.input_messages.item_reference, names)
        if not isinstance(found, list):
            raise InvalidInput(f"{source.input_messages.item_reference!r} is no list of messages")
        return found
    template = source.input_messages.template if source.input_messages else []
    return [{"role": one.role, "content": filled(one.template, names)} for one in template]


def _text(answer: dict[str, Any]) -> tuple[str, str]:
    if "choices" in answer:
        choice = answer["choices"][0]
        return choice["message"].get("content") or "", str(choice.get("finish_reason"))
    parts = [part for item in answer.get("output", ()) for part in item.get("content", ())]
    return "".join(part.get("text", "") for part in parts), str(answer.get("status"))
