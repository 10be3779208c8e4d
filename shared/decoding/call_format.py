"""How a model writes that it wants a function called, found out from its own chat template."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.decoding.chat_template import BadTemplate, ChatTemplate

_NAME, _KEY, _VALUE = "probe_function", "probe_key", "probe_value"

_TOOL: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": _NAME,
        "description": "",
        "parameters": {"type": "object", "properties": {_KEY: {"type": "string"}}},
    },
}
_CALL: Mapping[str, Any] = {
    "id": "call00000",
    "type": "function",
    "function": {"name": _NAME, "arguments": {_KEY: _VALUE}},
}
_ARGUMENTS = re.compile(r"\{\s*" + re.escape(json.dumps(_KEY)) + r"\s*:\s*" + re.escape(json.dumps(_VALUE)) + r"\s*\}")


@dataclass(frozen=True, slots=True)
class CallFormat:
    """The texts around the name and the arguments of a call.

    Attributes:
        begin: Before the name.
        middle: Between the name and its arguments, which are a JSON object.
        end: After the arguments.
        native: Whether the model's template writes calls so, and tells the model of its functions.
    """

    begin: str
    middle: str
    end: str
    native: bool = False

    @property
    def trigger(self) -> str:
        """What nothing but a call begins with: the mark before the JSON, or where there is none the JSON up to the name."""
        mark = re.split(r"[\[{]\s*[\"{]", self.begin.lstrip(), maxsplit=1)[0].rstrip()
        return mark or self.begin.lstrip()

    def before_name(self) -> str:
        """What follows the trigger before the name."""
        return self.begin.lstrip()[len(self.trigger) :]

    def call(self, name: str, arguments: str) -> str:
        """A whole call."""
        return f"{self.begin}{name}{self.middle}{arguments}{self.end}"


GENERIC = CallFormat('<tool_call>\n{"name": "', '", "arguments": ', "}\n</tool_call>")
"""For models whose template knows of no functions: the form that most of the open ones are taught (Hermes, Qwen)."""


def call_format(template: ChatTemplate) -> CallFormat:
    """What calls look like to a model; ``GENERIC`` if its template knows of none, or writes them without a JSON object.

    A call is rendered in the middle of a conversation, and what the template made of it is cut at name and arguments.
    """
    if not template.knows_tools:
        return GENERIC
    asked = {"role": "user", "content": "x"}
    called = {"role": "assistant", "content": "", "tool_calls": [_CALL]}
    result = {"role": "tool", "content": "y", "name": _NAME, "tool_call_id": _CALL["id"]}
    try:
        before = template.render([asked], answering=True, tools=[_TOOL])
        after = template.render([asked, called, result, asked], answering=True, tools=[_TOOL])
    except BadTemplate:
        return GENERIC
    return _cut(before, after, template.reserved) or GENERIC


def _cut(before: str, after: str, reserved: tuple[str, ...]) -> CallFormat | None:
    if not after.startswith(before.rstrip()):
        return None
    begin, name, rest = after[len(before) :].partition(_NAME)
    found = _ARGUMENTS.search(rest)
    if not name or not begin.strip() or found is None:
        return None
    end = rest[found.end() :]
    # What follows the call ends the message; a mark of the call itself stands before any blank or special token.
    stops = [place for token in reserved if (place := end.find(token)) >= 0]
    end = end[: min(stops)] if stops else end
    return CallFormat(begin, rest[: found.start()], end.rstrip(), native=True)
