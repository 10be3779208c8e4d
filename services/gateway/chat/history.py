"""The messages of a request as a language model is told them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.gateway.chat.schemas import CalledFunction, ChatMessage
from shared.contracts.chat.generation import ChatMessage as ToldMessage
from shared.contracts.chat.generation import ToolCall


def read(messages: Iterable[ChatMessage]) -> Iterator[ToldMessage]:
    """Models know no developers, and no functions but as tools."""
    last_call = ""
    for number, message in enumerate(messages):
        if message.role in ("tool", "function"):
            yield ToldMessage(role="tool", content=message.text, tool_call_id=message.tool_call_id or last_call or None)
            continue
        calls = [_call(call.id, call.function) for call in message.tool_calls or ()]
        if message.function_call is not None:
            last_call = f"call_{number}"
            calls.append(_call(last_call, message.function_call))
        role = "system" if message.role == "developer" else message.role
        yield ToldMessage(role=role, content=message.text, tool_calls=tuple(calls))


def _call(call_id: str, function: CalledFunction) -> ToolCall:
    return ToolCall(id=call_id, name=function.name, arguments=function.arguments)
