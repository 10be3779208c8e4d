"""Rows of text generation: ``{"messages"}``, or a conversation with a better and a worse answer, in OpenAI's two formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, model_validator
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, fault, parser
from shared.rows.row import Unlabelled
from shared.tasks.text_generation.message import Message
from shared.text.normalisation import folded

#: Messages of one conversation.
MAX_MESSAGES = 200
#: Tokens of an answer, if a row does not say how many it may have.
TOKENS = 256

Messages = Annotated[tuple[Message, ...], Field(max_length=MAX_MESSAGES)]

_EXAMPLE = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'
_PREFERENCE = (
    '{"input": {"messages": [{"role": "user", "content": "…"}]}, "preferred_output": [{"role": "assistant", "content": "…"}], '
    '"non_preferred_output": [{"role": "assistant", "content": "…"}]}'
)


@dataclass(frozen=True, slots=True)
class Row(Unlabelled):
    """A conversation that ends with an answer.

    Attributes:
        messages: The last one is the assistant's.
        rejected: A worse last answer, if the row has one.
    """

    messages: tuple[Message, ...]
    rejected: str | None = None

    @property
    def key(self) -> str:
        """Everything said before the last answer, letter case folded; rows of one question stay on one side of a split."""
        return folded("\n".join(message.content for message in self.messages[:-1]))

    @property
    def answer(self) -> str:
        """The last answer."""
        return self.messages[-1].content

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with everything that is said in it changed."""
        rejected = None if self.rejected is None else change(self.rejected)
        return replace(self, messages=tuple(one.with_text(change) for one in self.messages), rejected=rejected)


@dataclass(frozen=True, slots=True, config=STRICT)
class _Conversation:
    messages: Messages

    @model_validator(mode="after")
    def _ends_with_an_answer(self) -> Self:
        _require_question(self.messages[:-1])
        if self.messages[-1].role != "assistant":
            raise fault("messages: the last one must be the assistant's; it is what is learned")
        if not any(message.is_learned for message in self.messages):
            raise fault("messages: every answer has weight 0; leave one to learn")
        return self


def _nothing(value: object) -> None:
    if value:
        raise fault("calls of tools are not learned; leave it out")


@dataclass(frozen=True, slots=True, config=STRICT)
class _Asked:
    messages: Messages
    tools: Annotated[None, PlainValidator(_nothing)] = None
    parallel_tool_calls: bool = True

    @model_validator(mode="after")
    def _asks(self) -> Self:
        _require_question(self.messages)
        _require_no_answer(self.messages)
        return self


Answer = Annotated[tuple[Message, ...], Field(min_length=1, max_length=1)]


@dataclass(frozen=True, slots=True, config=STRICT)
class _Preference:
    input: _Asked
    preferred_output: Answer
    non_preferred_output: Answer

    @model_validator(mode="after")
    def _differs(self) -> Self:
        for name, answer in (("preferred", self.preferred_output), ("non_preferred", self.non_preferred_output)):
            if answer[0].role != "assistant":
                raise fault(f"{name}_output: must be a message of the assistant")
        if self.preferred_output[0].content == self.non_preferred_output[0].content:
            raise fault("preferred_output and non_preferred_output are the same; give answers that differ")
        return self


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A conversation that waits for an answer of at most so many tokens."""

    messages: Messages
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = TOKENS

    @model_validator(mode="after")
    def _asks(self) -> Self:
        _require_question(self.messages)
        _require_no_answer(self.messages)
        return self


def _require_question(messages: Sequence[Message]) -> None:
    if not any(message.role == "user" for message in messages):
        raise fault("messages: nobody asks; give a message of the user before the answer")


def _require_no_answer(messages: Sequence[Message]) -> None:
    if messages[-1].role == "assistant":
        raise fault("messages: the last one is the assistant's already; end with the user's")


_parse_conversation = parser(_Conversation, _EXAMPLE)
_parse_preference = parser(_Preference, _PREFERENCE)


def parse(record: object) -> Row:
    """A record of either format as a row; raises ``Faulty``."""
    if isinstance(record, dict) and "messages" not in record and {"input", *_OUTPUTS} & record.keys():
        found = _parse_preference(record)
        return Row((*found.input.messages, *found.preferred_output), found.non_preferred_output[0].content)
    return Row(_parse_conversation(record).messages)


_OUTPUTS = ("preferred_output", "non_preferred_output")

_parse_input: Callable[[object], Any] = parser(Input, '{"messages": [{"role": "user", "content": "…"}]}')

KIND = RecordKind(
    task="text_generation",
    example=_EXAMPLE,
    fields=("messages", "input", *_OUTPUTS),
    needed=("messages",),
    labels=(),
    cells=dict.fromkeys(("messages", *_OUTPUTS), '[{"role": "user", "content": "…"}]')
    | {"input": '{"messages": [{"role": "user", "content": "…"}]}'},
    parse=parse,
    parse_input=_parse_input,
)
