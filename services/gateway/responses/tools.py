"""The functions of a request for a response, where they are told flat."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from services.gateway.chat.tools import MAX_TOOLS, Choice, Function, NamedFunction, Part, offered, validated
from services.gateway.responses.schemas import Prompt
from shared.contracts.chat.generation import Tools


class FlatTool(Function):
    """A function that may be called."""

    type: Literal["function"]


class FlatName(NamedFunction):
    """A function that was named."""

    type: Literal["function"]


class SomeFunctions(Part):
    """The ones that may be called."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: Annotated[list[FlatName], Field(min_length=1, max_length=MAX_TOOLS)]


class FlatOptions(Part):
    """The fields that tell of functions."""

    tools: Annotated[list[FlatTool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Choice | Annotated[FlatName | SomeFunctions, Field(discriminator="type")] | None = None
    parallel_tool_calls: bool | None = None


def tools_of(body: Prompt) -> Tools | None:
    """The functions as they travel; ``None``: there are none.

    Raises:
        InvalidInput: A tool is none that can be called, or the choice names one that is not there.
    """
    options = validated(FlatOptions, body)
    functions = [tool.travelling() for tool in options.tools or ()]
    choice: Any = options.tool_choice
    if isinstance(choice, SomeFunctions):
        names = [tool.name for tool in choice.tools]
        return offered(functions, choice.mode, None, names, options.parallel_tool_calls)
    if isinstance(choice, FlatName):
        return offered(functions, "required", choice.name, None, options.parallel_tool_calls)
    return offered(functions, choice or "auto", None, None, options.parallel_tool_calls)
