"""Conversations as the text that a decoder reads: one renderer for training and serving, so that both make the same tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from jinja2 import Template, TemplateError
from jinja2.ext import loopcontrols
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from shared.errors import BrokenArtifact

#: Characters of a template; the longest in use have some 10,000.
MAX_TEMPLATE = 200_000
#: Characters of a rendered conversation.
MAX_RENDERED = 4_000_000

CHAT_ML = """{%- for message in messages -%}
<|im_start|>{{ message['role'] }}
{{ message['content'] }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}"""
"""What our own models are taught; its marks are tokens of their own."""

PLAIN = """{%- for message in messages -%}
{{ message['role'] | capitalize }}: {{ message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}
{% endfor -%}
{%- if add_generation_prompt -%}
Assistant:
{%- endif -%}"""
"""For base models that have no template of their own."""


class BadTemplate(Exception):
    """A template that cannot be rendered; the message says why."""


@dataclass(frozen=True)
class ChatTemplate:
    """A Jinja template of the kind that models of the hub have. It runs in a sandbox: it comes from whoever made the model.

    Args:
        source: The template.
        special: Names of special tokens as templates know them (``bos_token``, ``eos_token``) with their texts.
        reserved: Texts of all special tokens. Where a message holds one, it is left out: nobody else may end a turn.
    """

    source: str
    special: Mapping[str, str]
    reserved: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: str, tokenizer: Tokenizer, *, begin: int | None, end: int | None) -> Self:
        """With the special tokens of a tokenizer.

        Args:
            source: The template.
            tokenizer: Knows all special tokens.
            begin: The token that texts begin with, if any.
            end: The token that texts end with, if any.
        """
        names = {"bos_token": begin, "eos_token": end}
        texts = {
            name: (tokenizer.id_to_token(token) or "") if token is not None else "" for name, token in names.items()
        }
        added = tokenizer.get_added_tokens_decoder().values()
        return cls(source, texts, tuple(token.content for token in added if token.special and token.content))

    @cached_property
    def _template(self) -> Template:
        if len(self.source) > MAX_TEMPLATE:
            raise BadTemplate(f"the chat template has {len(self.source)} characters; {MAX_TEMPLATE} are the most")
        try:
            return self._environment.from_string(self.source)
        except TemplateError as error:
            raise BadTemplate(f"the chat template is none: {error}") from error

    @cached_property
    def _environment(self) -> ImmutableSandboxedEnvironment:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _refuse
        return environment

    @cached_property
    def knows_tools(self) -> bool:
        """Whether it tells the model of functions."""
        try:
            return "tools" in find_undeclared_variables(self._environment.parse(self.source))
        except TemplateError:
            return False

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        answering: bool = False,
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> str:
        """The text of a conversation.

        Args:
            messages: ``role`` and ``content`` of each, and ``tool_calls`` with their arguments as objects.
            answering: Whether the assistant's next message is to begin at its end.
            tools: The functions that the model is told of, in the shape of the convention.

        Raises:
            BadTemplate: The template refuses the conversation, or is broken.
        """
        clean, functions = self._clean(list(messages)), self._clean(list(tools)) if tools else None
        try:
            text = self._template.render(
                messages=clean, add_generation_prompt=answering, tools=functions, **self.special
            )
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise BadTemplate(f"the chat template cannot be rendered: {error}") from error
        if len(text) > MAX_RENDERED:
            raise BadTemplate(f"the conversation has {len(text)} characters; {MAX_RENDERED} are the most")
        return text

    def _clean(self, value: Any) -> Any:
        """Texts at any depth, cleaned."""
        if isinstance(value, str):
            return self.cleaned(value)
        if isinstance(value, Mapping):
            return {self._clean(name): self._clean(inner) for name, inner in value.items()}
        return [self._clean(inner) for inner in value] if isinstance(value, list) else value

    def cleaned(self, text: str) -> str:
        """The text without what reads like a special token."""
        while found := [token for token in self.reserved if token in text]:
            for token in found:
                text = text.replace(token, "")
        return text


def read_template(path: Path, tokenizer: Tokenizer, *, begin: int | None, end: int | None) -> ChatTemplate:
    """The template in a file of a bundle.

    Raises:
        BrokenArtifact: There is none, or it is no text.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenArtifact(f"cannot read {path.name}: {error}; fetch or train the model again") from error
    return ChatTemplate.of(source, tokenizer, begin=begin, end=end)


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> None:
    raise TemplateError(message)
