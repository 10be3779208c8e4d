"""Conversations with functions, as the chat template of a model takes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from shared.contracts.chat.generation import ChatMessage, FunctionTool, ToolCall
from shared.decoding.call_format import CallFormat

_INSTRUCTIONS = """You may call functions. They are described here, one JSON object a line:
<tools>
{tools}
</tools>
To call one, answer with its name and its arguments as JSON between these marks, and with nothing else:
{call}
What it gives back is told to you between <tool_response> and </tool_response>."""


def described(function: FunctionTool) -> dict[str, Any]:
    """A function in the shape of the convention, which templates expect."""
    told = {
        "name": function.name,
        "description": function.description or "",
        "parameters": schema_of(function),
    }
    return {"type": "function", "function": told}


def schema_of(function: FunctionTool) -> dict[str, Any]:
    """What its arguments have to be: an object, whatever the caller's schema leaves open."""
    if not function.parameters:
        return {"type": "object", "properties": {}, "additionalProperties": False}
    return {"type": "object", **function.parameters}


def for_template(
    messages: Iterable[ChatMessage], functions: Sequence[FunctionTool], form: CallFormat
) -> list[dict[str, Any]]:
    """The messages as a template takes them.

    One that knows of functions gets calls and results as they are. For any other they become words: the functions an
    instruction, a call what the assistant said, a result what it is told.
    """
    if form.native:
        return list(_native(messages))
    told = list(_told(messages, form))
    return _instructed(told, functions, form) if functions else told


def _native(messages: Iterable[ChatMessage]) -> Iterator[dict[str, Any]]:
    names: dict[str, str] = {}
    for message in messages:
        shown: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            names |= {call.id: call.name for call in message.tool_calls}
            shown["tool_calls"] = [_call(call) for call in message.tool_calls]
        if message.role == "tool":
            call_id = message.tool_call_id or ""
            shown |= {"tool_call_id": call_id, "name": names.get(call_id, "")}
        yield shown


def _call(call: ToolCall) -> dict[str, Any]:
    """Templates write the arguments as JSON themselves, so they get them as an object."""
    try:
        arguments: Any = json.loads(call.arguments)
    except (ValueError, RecursionError):
        arguments = call.arguments
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _told(messages: Iterable[ChatMessage], form: CallFormat) -> Iterator[dict[str, Any]]:
    results: list[str] = []
    for message in messages:
        if message.role == "tool":
            results.append(f"<tool_response>\n{message.content}\n</tool_response>")
            continue
        if results:
            yield {"role": "user", "content": "\n".join(results)}
            results = []
        calls = [form.call(call.name, call.arguments) for call in message.tool_calls]
        yield {"role": message.role, "content": "\n".join([*([message.content] if message.content else []), *calls])}
    if results:
        yield {"role": "user", "content": "\n".join(results)}


def _instructed(
    messages: list[dict[str, Any]], functions: Sequence[FunctionTool], form: CallFormat
) -> list[dict[str, Any]]:
    lines = "\n".join(json.dumps(described(function), ensure_ascii=False) for function in functions)
    text = _INSTRUCTIONS.format(tools=lines, call=form.call("NAME", '{"ARGUMENT": "VALUE"}').strip())
    if messages and messages[0]["role"] == "system":
        return [{"role": "system", "content": f"{messages[0]['content']}\n\n{text}"}, *messages[1:]]
    return [{"role": "system", "content": text}, *messages]
