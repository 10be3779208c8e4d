"""Messages, functions and calls as an engine of the OpenAI API takes and tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.contracts.chat.generation import CallPiece, ChatMessage, FunctionTool, Tools
from shared.telemetry.unique import unique_id


def message_body(message: ChatMessage) -> dict[str, Any]:
    """A message of the conversation."""
    body: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        body["content"] = message.content or None
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        body["tool_call_id"] = message.tool_call_id
    return body


def tools_body(tools: Tools) -> dict[str, Any]:
    """The fields of a request that tell of functions. What is the convention's default is left out: not every engine knows it."""
    body: dict[str, Any] = {"tools": [_tool(function) for function in tools.functions]}
    if tools.named is not None:
        body["tool_choice"] = {"type": "function", "function": {"name": tools.named}}
    elif tools.choice != "auto":
        body["tool_choice"] = tools.choice
    if not tools.parallel:
        body["parallel_tool_calls"] = False
    return body


def _tool(function: FunctionTool) -> dict[str, Any]:
    return {"type": "function", "function": function.model_dump(exclude_none=True)}


def call_pieces(delta: Mapping[str, Any]) -> Iterator[CallPiece]:
    """What a chunk adds to calls. Some engines give no ids, and some no index to the one call that they make."""
    for place, told in enumerate(delta.get("tool_calls") or ()):
        function = told.get("function") or {}
        name, call_id = function.get("name") or None, told.get("id") or None
        index = told.get("index")
        yield CallPiece(
            index=place if index is None else int(index),
            id=(call_id or f"call_{unique_id()}") if name else None,
            name=name,
            arguments=function.get("arguments") or "",
        )
