"""Functions that a decoder of ours asks for: how its template writes calls, what grammar holds them, how they are read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tokenizers import Tokenizer

from services.generation.language_models.calling import Calling
from services.generation.language_models.decoder import Decoder
from shared.contracts.chat.generation import (
    CallPiece,
    ChatMessage,
    FunctionTool,
    GenerateText,
    Sampling,
    TextGenerated,
    ToolCall,
    Tools,
)
from shared.decoding.call_format import GENERIC, CallFormat, call_format
from shared.decoding.call_grammar import CallGrammars
from shared.decoding.call_reader import CallReader
from shared.decoding.chat_template import CHAT_ML, PLAIN, ChatTemplate
from shared.decoding.grammar import MAX_SCHEMA, Grammars
from shared.decoding.graph import open_graph
from shared.decoding.sampling import Constraint
from shared.decoding.scheduler import Scheduler
from shared.decoding.tokenizer import DecoderTokens
from shared.decoding.tool_conversation import for_template
from shared.errors import InvalidInput
from tests.unit.decoding.emitted import Emitted
from tests.unit.decoding.tiny_decoder import TinyDecoder

QWEN = """{%- if tools %}<|im_start|>system
# Tools
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}<|im_end|>
{% endif %}
{%- for message in messages %}
{%- if message.role == "tool" %}<|im_start|>user
<tool_response>{{ message.content }}</tool_response><|im_end|>
{% else %}<|im_start|>{{ message.role }}
{{ message.content }}
{%- for tool_call in message.tool_calls or [] %}
{{- '<tool_call>\n{"name": "' }}{{ tool_call.function.name }}{{ '", "arguments": ' }}{{ tool_call.function.arguments | tojson }}{{ '}\n</tool_call>' }}
{%- endfor %}<|im_end|>
{% endif %}{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

BARE = """{% if tools %}{{ tools | tojson }}{% endif %}{% for message in messages %}<|{{ message.role }}|>
{% if message.tool_calls %}{% set call = message.tool_calls[0].function %}{"name": "{{ call.name }}", "parameters": {{ call.arguments | tojson }}}<|end|>
{% else %}{{ message.content }}<|end|>
{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>
{% endif %}"""

XML = """{% for tool in tools %}{{ tool.function.name }}{% endfor %}{% for message in messages %}[{{ message.role }}]{{ message.content }}
{%- for call in message.tool_calls or [] %}<call><name>{{ call.function.name }}</name>{% for k, v in call.function.arguments.items() %}<{{ k }}>{{ v }}</{{ k }}>{% endfor %}</call>{% endfor %}{% endfor %}"""

WEATHER = FunctionTool(
    name="weather",
    description="The weather.",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string", "maxLength": 4},
            "days": {"type": "integer", "minimum": 1, "maximum": 9},
        },
        "required": ["city", "days"],
        "additionalProperties": False,
    },
)
CLOCK = FunctionTool(name="clock")


def template(source: str, *reserved: str) -> ChatTemplate:
    return ChatTemplate(
        source, {"bos_token": "", "eos_token": "<|end|>"}, reserved or ("<|im_start|>", "<|im_end|>", "<|end|>")
    )


def test_the_form_of_a_call_is_found_in_the_template() -> None:
    found = call_format(template(QWEN))
    assert found == CallFormat('<tool_call>\n{"name": "', '", "arguments": ', "}\n</tool_call>", native=True)
    assert (found.trigger, found.before_name()) == ("<tool_call>", '\n{"name": "')
    bare = call_format(template(BARE))
    assert bare == CallFormat('{"name": "', '", "parameters": ', "}", native=True)
    assert bare.trigger == '{"name": "'


@pytest.mark.parametrize("source", [PLAIN, CHAT_ML, XML])
def test_a_template_that_knows_no_calls_in_json_gets_the_general_form(source: str) -> None:
    assert call_format(template(source)) == GENERIC


def read(form: CallFormat, text: str, size: int) -> tuple[str, list[tuple[str, str]]]:
    """Words and calls of a text that comes in pieces of one size."""
    reader = CallReader(form, lambda: "call_1")
    words, calls = "", [("", "")] * 0
    for start in range(0, len(text), size):
        part = reader.add(text[start : start + size])
        words += part.words
        for piece in part.calls:
            if piece.name is not None:
                assert piece == CallPiece(index=len(calls), id="call_1", name=piece.name)
                calls.append((piece.name, ""))
            else:
                calls[piece.index] = (calls[piece.index][0], calls[piece.index][1] + piece.arguments)
    return words + reader.rest(), calls


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("form", [GENERIC, call_format(template(BARE))], ids=["marked", "bare"])
def test_calls_are_told_from_words_however_they_are_cut(form: CallFormat, size: int) -> None:
    arguments = '{"a":"}\\n</tool_call> \\" {","b":[{"c":1}]}'
    text = "Wait.\n" + form.call("one", arguments) + "\n" + form.call("two", "{}")
    assert read(form, text, size) == ("Wait.\n", [("one", arguments), ("two", "{}")])
    for words in ("no call", "a <tool_call> b", '<tool_call>\n{"nam', '{"name": "' + "x" * 200, "<tool_call>\n[1]"):
        assert read(form, words, size) == (words, [])


def test_a_history_with_calls_becomes_what_a_template_takes() -> None:
    called = ToolCall(id="c1", name="weather", arguments='{"city":"Rome"}')
    history = (
        ChatMessage(role="user", content="Rain?"),
        ChatMessage(role="assistant", content="", tool_calls=(called,)),
        ChatMessage(role="tool", content="dry", tool_call_id="c1"),
    )
    native = for_template(history, (WEATHER,), call_format(template(QWEN)))
    assert native[1]["tool_calls"][0]["function"] == {"name": "weather", "arguments": {"city": "Rome"}}
    assert native[2] == {"role": "tool", "content": "dry", "tool_call_id": "c1", "name": "weather"}
    told = for_template(history, (WEATHER,), GENERIC)
    assert [message["role"] for message in told] == ["system", "user", "assistant", "user"]
    assert '"city"' in told[0]["content"]
    assert told[2]["content"] == GENERIC.call("weather", called.arguments)
    assert told[3]["content"] == "<tool_response>\ndry\n</tool_response>"
    assert for_template(history, (), GENERIC)[0]["role"] == "user", "without functions nothing is said of any"


def test_what_looks_like_a_special_token_leaves_calls_too() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": {"a": "x<|im_end|>y"}}}
    text = template(QWEN).render([{"role": "assistant", "content": "", "tool_calls": [call]}])
    assert text.count("<|im_end|>") == 1
    assert '"xy"' in text


@pytest.fixture(params=[QWEN, PLAIN, BARE], ids=["qwen", "plain", "bare"])
def marked(request: pytest.FixtureRequest, decoder: TinyDecoder) -> Iterator[Decoder]:
    """The tiny decoder with a template; the marks of the first are tokens of their own, as they are in real ones."""
    described = decoder.tokens.to_json()
    tokenizer = Tokenizer.from_str(described)
    if request.param == QWEN:
        tokenizer.add_tokens(["<tool_call>", "</tool_call>"])
    tokens = DecoderTokens(tokenizer)
    shape = decoder.shape.model_copy(update={"end": (2,)})
    grammars = Grammars(tokens, shape.vocabulary, shape.end)
    graph = open_graph(decoder.path, decoder.shape, slots=4)
    calling = Calling(template(request.param), tokens, grammars)
    yield (opened := Decoder("tiny", Scheduler(graph, tokens, constraints=grammars), tokens, calling, shape))
    opened.close()


def asked(tools: Tools, **sampling: Any) -> GenerateText:
    how = Sampling(**({"max_tokens": 120, "seed": 3} | sampling))
    return GenerateText(model="tiny", messages=(ChatMessage(role="user", content="hi"),), sampling=how, tools=tools)


def answer(decoder: Decoder, request: GenerateText) -> tuple[str, dict[int, list[str]], TextGenerated]:
    emitted = Emitted()
    decoder.generate(request, emitted)
    return emitted.words(), emitted.calls(), emitted.end()


def test_a_forced_call_holds_its_schema(marked: Decoder) -> None:
    for seed in range(4):
        words, calls, end = answer(
            marked, asked(Tools(functions=(WEATHER, CLOCK), choice="required", named="weather"), seed=seed)
        )
        assert (words, end.finish_reasons) == ("", ("tool_calls",))
        name, arguments = calls[0]
        assert name == "weather"
        found = json.loads(arguments)
        assert found.keys() == {"city", "days"}
        assert len(found["city"]) <= 4
        assert 1 <= found["days"] <= 9
    seen = {
        answer(marked, asked(Tools(functions=(WEATHER, CLOCK), choice="required"), seed=s))[1][0][0] for s in range(6)
    }
    assert seen <= {"weather", "clock"}


def test_a_model_that_may_call_writes_words_too(marked: Decoder) -> None:
    words, calls, end = answer(marked, asked(Tools(functions=(WEATHER,)), temperature=0, max_tokens=15))
    assert words
    assert not calls
    assert end.finish_reasons[0] in ("stop", "length")
    assert answer(marked, asked(Tools(functions=(WEATHER,), choice="none"), temperature=0, max_tokens=15))[0]


def test_schemas_are_bounded(marked: Decoder) -> None:
    huge = FunctionTool(name="huge", parameters={"enum": ["x" * MAX_SCHEMA]})
    many = tuple(
        FunctionTool(name=f"f{n}", parameters={"properties": {"a": {"enum": ["x" * (MAX_SCHEMA - 200)]}}})
        for n in range(3)
    )
    for tools in (Tools(functions=(huge,)), Tools(functions=many)):
        with pytest.raises(InvalidInput, match="smaller") as refused:
            marked.generate(asked(tools), Emitted())
        assert refused.value.param == "tools"
    with pytest.raises(InvalidInput, match="strin"):
        marked.generate(
            asked(Tools(functions=(FunctionTool(name="f", parameters={"properties": {"a": {"type": "strin"}}}),))),
            Emitted(),
        )


def test_once_a_call_has_begun_it_holds_its_schema(decoder: TinyDecoder) -> None:
    """The marks of a call are likelier than all else: so a model writes that was taught them."""

    tokenizer = Tokenizer.from_str(decoder.tokens.to_json())
    tokenizer.add_tokens(["<tool_call>", "</tool_call>"])
    for form, begin in ((GENERIC, "<tool_call>"), (call_format(template(BARE)), '{"name": "')):
        tokens = DecoderTokens(Tokenizer.from_str(tokenizer.to_str()))
        made = CallGrammars(Grammars(tokens, decoder.shape.vocabulary, (2,)), tokens, form)
        for parallel in (True, False):
            constraint = made.of(
                {"clock": {"type": "object", "additionalProperties": False}},
                forced=False,
                parallel=parallel,
                answer=None,
            )
            text = "ok " + form.call("clock", "{}")
            assert begin in text
            _follow(constraint, tokens.encode_marked(text))
            assert constraint.done is not parallel
        wrong = made.of(
            {"clock": {"type": "object", "additionalProperties": False}}, forced=False, parallel=True, answer=None
        )
        broken = tokens.encode_marked("ok " + form.call("watch", "{}"))
        with pytest.raises(InvalidInput):
            _follow(wrong, broken)


def _follow(constraint: Constraint, tokens: list[int]) -> None:
    for token in tokens:
        constraint.take(token)
