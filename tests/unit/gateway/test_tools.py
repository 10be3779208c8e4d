"""Functions that a language model asks for, through the official client; and a bot that reads past them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import BadRequestError, OpenAI
from pydantic import BaseModel

from shared.contracts.chat.generation import ChatMessage, FunctionTool, ToolCall, Tools
from tests.unit.gateway.platform import Platform, asked, running_platform
from tests.unit.gateway.writer import Writer, writing

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
PLUS: Any = {
    "type": "function",
    "function": {"name": "plus", "description": "Add.", "parameters": SCHEMA, "strict": True},
}
MINUS: Any = {"type": "function", "function": {"name": "minus"}}
FLAT: Any = {"type": "function", "name": "plus", "parameters": SCHEMA, "strict": True, "description": "Add."}
FLAT_MINUS: Any = {"type": "function", "name": "minus", "parameters": None, "strict": None}
USED: Any = [
    *asked("what is 1 + 1?"),
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_0", "type": "function", "function": {"name": "plus", "arguments": '{"a":1}'}}],
    },
    {"role": "tool", "tool_call_id": "call_0", "content": "2"},
]
USED_ITEMS: Any = [
    {"role": "user", "content": "what is 1 + 1?"},
    {"type": "function_call", "call_id": "call_0", "name": "plus", "arguments": '{"a":1}'},
    {"type": "function_call_output", "call_id": "call_0", "output": "2"},
]
TOLD = (
    ChatMessage(role="user", content="what is 1 + 1?"),
    ChatMessage(role="assistant", content="", tool_calls=(ToolCall(id="call_0", name="plus", arguments='{"a":1}'),)),
    ChatMessage(role="tool", content="2", tool_call_id="call_0"),
)


@pytest.fixture(scope="module")
def tool_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("tools")) as platform:
        yield platform


@pytest.fixture(scope="module")
def model(tool_platform: Platform) -> str:
    return tool_platform.add_model(task="text_generation")


@pytest.fixture
def writer(tool_platform: Platform) -> Iterator[Writer]:
    with writing(tool_platform.bus) as writer:
        yield writer


@pytest.fixture
def client(tool_platform: Platform) -> Iterator[OpenAI]:
    with tool_platform.client() as client:
        yield client


@pytest.fixture
def http(tool_platform: Platform) -> Iterator[httpx.Client]:
    with tool_platform.http() as http:
        yield http


def test_calls_come_whole(client: OpenAI, writer: Writer, model: str) -> None:
    answer = client.chat.completions.create(
        model=model,
        messages=asked("call"),
        tools=[PLUS, MINUS],
        parallel_tool_calls=False,
        tool_choice="required",
        store=True,
    )
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert choice.message.tool_calls is not None
    made = [(call.id, call.type, call.function.name, call.function.arguments) for call in choice.message.tool_calls]  # type: ignore[union-attr]
    assert made == [("call_0", "function", "plus", '{"a":1}'), ("call_1", "function", "minus", '{"a":1}')]
    plus = FunctionTool(name="plus", description="Add.", parameters=SCHEMA, strict=True)
    expected = Tools(functions=(plus, FunctionTool(name="minus")), choice="required", parallel=False)
    assert writer.asked[0].tools == expected
    stored = client.chat.completions.retrieve(answer.id)
    assert stored.choices[0].message.tool_calls == choice.message.tool_calls


def test_answers_without_calls_look_as_they_always_did(http: httpx.Client, writer: Writer, model: str) -> None:
    body = {"model": model, "messages": asked("no functions")}
    message = http.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "no functions", "refusal": None}


def test_calls_are_streamed_as_the_convention_has_them(http: httpx.Client, writer: Writer, model: str) -> None:
    body = {"model": model, "messages": asked("call"), "tools": [PLUS], "stream": True}
    frames = http.post("/v1/chat/completions", json=body).text.split("\n\n")
    choices = [
        json.loads(frame.removeprefix("data: "))["choices"][0] for frame in frames if frame.startswith("data: {")
    ]
    pieces = [call for choice in choices for call in choice["delta"].get("tool_calls", ())]
    assert pieces[0] == {"index": 0, "id": "call_0", "type": "function", "function": {"name": "plus", "arguments": ""}}
    assert {tuple(sorted(piece)) for piece in pieces[1:]} == {("function", "index")}
    assert "".join(piece["function"]["arguments"] for piece in pieces) == '{"a":1}'
    assert choices[-1]["finish_reason"] == "tool_calls"


class Plus(BaseModel):
    """What arguments are parsed into."""

    a: int


def test_the_streaming_helper_puts_calls_together(client: OpenAI, writer: Writer, model: str) -> None:
    with client.chat.completions.stream(model=model, messages=asked("now call"), tools=[PLUS]) as stream:
        kinds = {event.type for event in stream}
        message = stream.get_final_completion().choices[0].message
    assert "tool_calls.function.arguments.done" in kinds
    assert message.content == "now call"
    assert message.tool_calls is not None
    assert message.tool_calls[0].function.parsed_arguments == {"a": 1}


def test_a_history_with_calls_is_read(client: OpenAI, writer: Writer, model: str) -> None:
    client.chat.completions.create(model=model, messages=USED, tools=[PLUS])
    assert writer.asked[0].messages == TOLD
    old: Any = [
        *asked("hi"),
        {"role": "assistant", "content": None, "function_call": {"name": "plus", "arguments": "{}"}},
        {"role": "function", "name": "plus", "content": "3"},
    ]
    client.chat.completions.create(model=model, messages=old)
    call, result = writer.asked[1].messages[1:]
    assert call.tool_calls[0].id == result.tool_call_id
    client.responses.create(model=model, input=USED_ITEMS, tools=[FLAT])
    assert writer.asked[2].messages == TOLD


@pytest.mark.parametrize("name", ["chat", "responses"])
def test_a_bot_reads_the_customers_words(client: OpenAI, name: str) -> None:
    if name == "chat":
        raw = client.chat.completions.with_raw_response.create(
            model="parley", messages=USED, tools=[PLUS], temperature=0.1, tool_choice="auto"
        )
        words = raw.parse().choices[0].message.content
    else:
        raw_response = client.responses.with_raw_response.create(
            model="parley", input=USED_ITEMS, tools=[FLAT], temperature=0.1, tool_choice="auto"
        )
        words, raw = raw_response.parse().output_text, raw_response  # type: ignore[assignment]
    assert words == "You said: what is 1 + 1? (0 before, 0 counted)"
    assert raw.headers["x-parley-ignored"] == "temperature, tool_choice, tools"


def test_what_has_no_effect_is_told_in_streams_and_of_models(http: httpx.Client, writer: Writer, model: str) -> None:
    body = {"messages": asked("hi"), "reasoning_effort": "low", "temperature": 0.5, "tools": [PLUS]}
    for stream in (True, False):
        told = http.post("/v1/chat/completions", json={"model": model, "stream": stream, **body})
        assert told.headers["x-parley-ignored"] == "reasoning_effort"
        told = http.post("/v1/chat/completions", json={"model": "parley", "stream": stream, **body})
        assert told.headers["x-parley-ignored"] == "reasoning_effort, temperature, tools"
    plain = http.post("/v1/chat/completions", json={"model": "parley", "messages": asked("hi")})
    assert "x-parley-ignored" not in plain.headers


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"tool_choice": "required"}, "no 'tools'"),
        ({"tools": [PLUS, PLUS]}, "twice"),
        ({"tools": [PLUS], "tool_choice": {"type": "function", "function": {"name": "times"}}}, "times"),
        ({"tools": [{"type": "function", "function": {"name": "no blanks"}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [PLUS] * 129}, "tools"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": 7}, "tools"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "'tool'"),
    ],
)
def test_what_cannot_be_called_is_refused_by_name(
    http: httpx.Client, writer: Writer, model: str, wrong: dict[str, Any], told: str
) -> None:
    reply = http.post("/v1/chat/completions", json={"model": model, "messages": asked("hi"), **wrong})
    assert reply.status_code == 400
    assert told in reply.json()["error"]["message"]
    assert not writer.asked


def test_a_choice_among_tools_travels(client: OpenAI, writer: Writer, model: str) -> None:
    named: Any = {"type": "function", "function": {"name": "minus"}}
    client.chat.completions.create(model=model, messages=asked("hi"), tools=[PLUS, MINUS], tool_choice=named)
    some: Any = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
    client.chat.completions.create(model=model, messages=asked("hi"), tools=[PLUS, MINUS], tool_choice=some)
    flat: Any = {"type": "function", "name": "minus"}
    client.responses.create(model=model, input="hi", tools=[FLAT, FLAT_MINUS], tool_choice=flat)
    allowed: Any = {"type": "allowed_tools", "mode": "auto", "tools": [flat]}
    client.responses.create(model=model, input="hi", tools=[FLAT, FLAT_MINUS], tool_choice=allowed)
    travelled = [request.tools for request in writer.asked]
    assert [(tools.choice, tools.named, len(tools.functions)) for tools in travelled if tools] == [
        ("required", "minus", 2),
        ("required", None, 1),
        ("required", "minus", 2),
        ("auto", None, 1),
    ]


def events(client: OpenAI, response_id: str, after: int) -> list[Any]:
    return list(client.responses.retrieve(response_id, stream=True, starting_after=after))


@pytest.mark.parametrize("words", ["call", "well then call"])
def test_responses_call_in_the_order_of_the_helper(client: OpenAI, writer: Writer, model: str, words: str) -> None:
    with client.responses.stream(model=model, input=words, tools=[FLAT, FLAT_MINUS]) as stream:
        live = list(stream)
        final = stream.get_final_response()
    calls = [item for item in final.output if item.type == "function_call"]
    assert [(call.call_id, call.name, call.arguments) for call in calls] == [
        ("call_0", "plus", '{"a":1}'),
        ("call_1", "minus", '{"a":1}'),
    ]
    assert final.output_text == ("" if words == "call" else words)
    kept = client.responses.retrieve(final.id)
    assert [(item.type, item.id) for item in kept.output] == [(item.type, item.id) for item in final.output]  # type: ignore[union-attr]
    again = events(client, final.id, -1)
    assert [(one.type, one.sequence_number) for one in again] == [(one.type, one.sequence_number) for one in live]
    assert next(one.sequence_number for one in events(client, final.id, 6)) == 7


def test_a_response_goes_on_after_what_a_function_gave_back(client: OpenAI, writer: Writer, model: str) -> None:
    first = client.responses.create(model=model, input="please call", tools=[FLAT])
    result: Any = [{"type": "function_call_output", "call_id": "call_0", "output": "2"}]
    second = client.responses.create(model=model, input=result, previous_response_id=first.id, tools=[FLAT])
    roles = [(message.role, bool(message.tool_calls), message.tool_call_id) for message in writer.asked[1].messages]
    assert roles == [("user", False, None), ("assistant", True, None), ("tool", False, "call_0")]
    assert second.output_text == "2"
    background = client.responses.create(model=model, input="later call", tools=[FLAT], background=True, stream=True)
    done = [event for event in background if event.type == "response.completed"]
    assert [item.type for item in done[0].response.output] == ["message", "function_call"]


def test_a_bot_demands_no_tools_of_responses(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="language model"):
        client.responses.create(model="parley", input="hi", tools=[FLAT], tool_choice="required")
