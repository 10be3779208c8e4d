"""The functions of a request that a language model may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.gateway.http.bodies.validation import describe
from shared.contracts.chat.generation import FunctionTool, Tools
from shared.errors import InvalidInput

MAX_TOOLS = 128

OptionsT = TypeVar("OptionsT", bound=BaseModel)

FunctionName = Annotated[str, StringConstraints(pattern="^[a-zA-Z0-9_-]{1,64}$")]


class Part(BaseModel):
    """A part of a request; fields of the convention that have no meaning here are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Function(Part):
    """A function, as whoever calls it describes it."""

    name: FunctionName
    description: Annotated[str, Field(max_length=16_384)] | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    def travelling(self) -> FunctionTool:
        """As a model is told of it."""
        return FunctionTool(
            name=self.name, description=self.description, parameters=self.parameters, strict=self.strict
        )


class ChatTool(Part):
    """A tool in a chat request."""

    type: Literal["function"]
    function: Function


class NamedFunction(Part):
    """A function that was named."""

    name: FunctionName


class NamedTool(Part):
    """The one that has to be called."""

    type: Literal["function"]
    function: NamedFunction


class AllowedTools(Part):
    """Some of them."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedTool], Field(min_length=1, max_length=MAX_TOOLS)]


class SomeTools(Part):
    """The ones that may be called."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


Choice = Literal["none", "auto", "required"]
ToolChoice = Annotated[NamedTool | SomeTools, Field(discriminator="type")]


class ToolOptions(Part):
    """The fields of a chat request that tell of functions."""

    tools: Annotated[list[ChatTool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Choice | ToolChoice | None = None
    parallel_tool_calls: bool | None = None

    @classmethod
    def of(cls, body: BaseModel) -> Self:
        """Those of a request.

        Raises:
            InvalidInput: One is of another type.
        """
        return validated(cls, body)

    def travelling(self) -> Tools | None:
        """As they travel; ``None``: there are none.

        Raises:
            InvalidInput: A function is named that is not there, or twice there.
        """
        functions = [tool.function.travelling() for tool in self.tools or ()]
        choice, named = self.tool_choice, None
        if isinstance(choice, SomeTools):
            allowed = [tool.function.name for tool in choice.allowed_tools.tools]
            return offered(functions, choice.allowed_tools.mode, None, allowed, self.parallel_tool_calls)
        if isinstance(choice, NamedTool):
            named, choice = choice.function.name, "required"
        return offered(functions, choice or "auto", named, None, self.parallel_tool_calls)


def validated(kind: type[OptionsT], body: BaseModel) -> OptionsT:
    """The fields of a request that ``kind`` knows.

    Raises:
        InvalidInput: One is of another type.
    """
    given = body.model_dump(include=set(kind.model_fields))
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        problems = [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
        raise describe(problems, given) from None


def offered(
    functions: Sequence[FunctionTool],
    choice: Choice,
    named: str | None,
    allowed: Sequence[str] | None,
    parallel: bool | None,  # as it was sent
) -> Tools | None:
    """Functions as they travel.

    Args:
        functions: Of the request.
        choice: Whether one may, must, or must not be called.
        named: The one that must be called.
        allowed: Names of those that may be called; ``None``: all.
        parallel: Whether several may be called at once.

    Raises:
        InvalidInput: A function is named that is not there, or twice there.
    """
    names = [function.name for function in functions]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(
            f"The function {twice!r} stands twice in 'tools'; give each a name of its own.", param="tools"
        )
    for name in (named, *(allowed or ())):
        if name is not None and name not in names:
            raise InvalidInput(f"'tool_choice' names {name!r}, which is not in 'tools'.", param="tool_choice")
    if not functions:
        if choice == "required":
            raise InvalidInput("'tool_choice' is 'required', but there are no 'tools'.", param="tool_choice")
        return None
    left = tuple(function for function in functions if allowed is None or function.name in allowed)
    return Tools(functions=left, choice=choice, named=named, parallel=parallel is not False)
