"""Stored responses in the shape of the convention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from services.gateway.chat.objects import details, usage
from services.gateway.conversations.items import answer_id, said_id, stored
from services.gateway.moderations.policy import ResponseModeration
from services.gateway.responses.schemas import (
    CachedTokens,
    ConversationName,
    CreateResponse,
    FunctionCall,
    OutputMessage,
    OutputText,
    ResponseObject,
    ResponseUsage,
)
from shared.contracts.chat.generation import TextGenerated
from shared.storage.database.identity import new_id
from shared.storage.tables.core import Response, Turn

_OUTPUT: TypeAdapter[list[OutputMessage | FunctionCall]] = TypeAdapter(list[OutputMessage | FunctionCall])


def turn_id_of(response_id: str) -> str:
    """The turn that answers a response, if a bot does."""
    return f"turn_{response_id.removeprefix('resp_')}"


def record(body: CreateResponse, model: str, key_id: str, now: float, idempotency_key: str | None) -> Response:
    """A response that nobody has answered or stored yet."""
    response_id = new_id("resp_")
    kept = stored(body.items)
    asked = [place for place, item in enumerate(kept) if item.get("role") == "user"]
    ids = [new_id("item_") for _ in kept]
    if kept:
        ids[asked[-1] if asked else -1] = said_id(turn_id_of(response_id))
    return Response(
        id=response_id,
        created_at=now,
        status="in_progress",
        key_id=key_id,
        model=model,
        request=body.model_dump(mode="json", exclude={"input"}, exclude_unset=True, by_alias=True),
        input=[{"id": item_id, **item} for item_id, item in zip(ids, kept, strict=False)],
        conversation_id=body.conversation_id,
        previous_response_id=body.previous_response_id,
        background=bool(body.background),
        idempotency_key=idempotency_key,
    )


def answered(row: Response, turn: Turn) -> Response:
    """A response that a bot has answered."""
    return row.model_copy(
        update={
            "status": "completed",
            "completed_at": turn.created_at,
            "model": turn.model_id,
            "turn_id": turn.id,
            "conversation_id": turn.conversation_id,
        }
    )


def written(end: TextGenerated) -> dict[str, int]:
    """What an answer of a language model took."""
    return {"input": end.prompt_tokens, "cached": end.cached_tokens, "output": end.completion_tokens}


def asked_of(row: Response) -> CreateResponse:
    """The request that a row keeps, with its input."""
    return CreateResponse.model_validate({**row.request, "input": row.input or "-"})


def shown(row: Response, turn: Turn | None, moderation: ResponseModeration | None = None) -> ResponseObject:
    """A response as it stands; ``turn`` is that of a bot, ``moderation`` what was judged just now."""
    request = row.request
    return ResponseObject(
        id=row.id,
        created_at=int(row.created_at),
        completed_at=int(row.completed_at) if row.completed_at is not None else None,
        status=row.status,
        background=row.background,
        error=row.error,
        incomplete_details=_incomplete(row),
        instructions=request.get("instructions"),
        max_output_tokens=request.get("max_output_tokens"),
        model=row.model,
        output=_said(turn) if turn is not None else _OUTPUT.validate_python(row.output or []),
        parallel_tool_calls=request.get("parallel_tool_calls") is not False,
        previous_response_id=row.previous_response_id,
        conversation=ConversationName(id=row.conversation_id) if row.conversation_id else None,
        reasoning=None,
        store=request.get("store") is not False,
        temperature=request.get("temperature"),
        text=request.get("text") or {"format": {"type": "text"}},
        tool_choice=request.get("tool_choice") or "auto",
        tools=request.get("tools") or [],
        top_p=request.get("top_p"),
        usage=_usage(row, turn),
        user=request.get("user"),
        metadata=request.get("metadata") or {},
        parley=details(turn) if turn is not None else None,
        moderation=moderation,
    )


def _incomplete(row: Response) -> dict[str, str] | None:
    """One without any words was blocked by a moderation."""
    if row.status != "incomplete":
        return None
    return {"reason": "max_output_tokens" if row.output else "content_filter"}


def _said(turn: Turn) -> list[OutputMessage | FunctionCall]:
    """A bot that is silent says nothing."""
    if turn.answer.kind == "silent":
        return []
    return [OutputMessage(id=answer_id(turn.id), content=[OutputText(text=turn.answer.text)])]


def _usage(row: Response, turn: Turn | None) -> ResponseUsage | None:
    if turn is not None:
        total = usage(turn)
        return ResponseUsage(
            input_tokens=total.prompt_tokens,
            output_tokens=total.completion_tokens,
            total_tokens=total.total_tokens,
        )
    if row.usage is None:
        return None
    read, said = row.usage["input"], row.usage["output"]
    return ResponseUsage(
        input_tokens=read,
        input_tokens_details=CachedTokens(cached_tokens=row.usage["cached"]),
        output_tokens=said,
        total_tokens=read + said,
    )


def stored_output(output: Sequence[OutputMessage | FunctionCall]) -> list[dict[str, Any]]:
    """The output as a row keeps it."""
    return [item.model_dump(mode="json") for item in output]


def said_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as a conversation keeps it: without its id, and without log-probabilities."""
    kept = {name: value for name, value in item.items() if name != "id"}
    if kept["type"] == "message":
        kept["content"] = [{**part, "logprobs": []} for part in kept["content"]]
    return kept
