"""Conversations with a decoder of ours in which it may ask for functions."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.chat.generation import FunctionTool, GenerateText, Tools
from shared.decoding.call_format import call_format
from shared.decoding.call_grammar import CallGrammars
from shared.decoding.call_reader import CallReader
from shared.decoding.chat_template import ChatTemplate
from shared.decoding.grammar import Grammars
from shared.decoding.sampling import Constraint
from shared.decoding.tokenizer import DecoderTokens
from shared.decoding.tool_conversation import described, for_template, schema_of
from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Writing:
    """What an answer with functions is written under, and read by."""

    constraint: Constraint
    reader: CallReader


class Calling:
    """A decoder's chat template, with the calls that it knows or is taught in the prompt.

    Args:
        template: What conversations look like to it.
        tokens: Its tokenizer.
        grammars: Of its tokens; ``None``: it never ends an answer, so that no grammar can be followed.
    """

    def __init__(self, template: ChatTemplate, tokens: DecoderTokens, grammars: Grammars | None) -> None:
        self._template = template
        self._form = call_format(template)
        tokens.reveal(self._form.begin + self._form.middle + self._form.end)
        self._grammars = CallGrammars(grammars, tokens, self._form) if grammars else None

    def prompt(self, request: GenerateText) -> str:
        """The text that the model goes on with. One that has to call a function finds the beginning of the call there.

        Raises:
            BadTemplate: The template refuses the conversation, or is broken.
        """
        functions = _offered(request.tools)
        messages = for_template(request.messages, functions, self._form)
        told = [described(function) for function in functions] if self._form.native else None
        text = self._template.render(messages, answering=True, tools=told)
        return text + self._form.begin if _is_forced(request.tools) else text

    def writing(self, request: GenerateText) -> Writing | None:
        """How a choice is written; ``None``: no function is offered.

        Raises:
            InvalidInput: The schemas cannot be followed.
        """
        functions = _offered(request.tools)
        if request.tools is None or not functions:
            return None
        if self._grammars is None:
            raise InvalidInput("this model never ends its answers, so it cannot call functions", param="tools")
        forced = _is_forced(request.tools)
        named = request.tools.named
        constraint = self._grammars.of(
            {one.name: schema_of(one) for one in functions if named is None or one.name == named},
            forced=forced,
            parallel=request.tools.parallel,
            answer=request.sampling.json_schema,
        )
        reader = CallReader(self._form)
        if forced:
            reader.add(self._form.begin)
        return Writing(constraint, reader)


def _offered(tools: Tools | None) -> tuple[FunctionTool, ...]:
    return tools.functions if tools is not None and tools.choice != "none" else ()


def _is_forced(tools: Tools | None) -> bool:
    return tools is not None and tools.choice == "required"
