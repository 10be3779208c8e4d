"""Chat completions of language models, through the official client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import APIError, APIStatusError, BadRequestError, OpenAI
from pydantic import BaseModel

from services.gateway.chat import generating
from shared.contracts.chat.generation import ChatMessage
from shared.storage.training import models
from tests.unit.gateway.platform import Platform, asked, running_platform
from tests.unit.gateway.writer import Writer, writing

SOON = 10.0


@pytest.fixture(scope="module")
def lm_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(
        tmp_path_factory.mktemp("lm"), engines={"far": {"url": "http://127.0.0.1:1/v1"}}, pending_limit=4
    ) as platform:
        yield platform


@pytest.fixture(scope="module")
def model(lm_platform: Platform) -> str:
    return lm_platform.add_model(task="text_generation")


@pytest.fixture
def writer(lm_platform: Platform) -> Iterator[Writer]:
    with writing(lm_platform.bus) as writer:
        yield writer


@pytest.fixture
def client(lm_platform: Platform) -> Iterator[OpenAI]:
    with lm_platform.client() as client:
        yield client


def test_an_answer_comes_whole(client: OpenAI, writer: Writer, model: str) -> None:
    messages: Any = [{"role": "developer", "content": "Be brief."}, *asked("good day to you")]
    answer = client.chat.completions.create(model=model, messages=messages)
    assert answer.choices[0].message.content == "good day to you"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == model
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (7, 4, 11)
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 3
    assert writer.asked[0].messages == (
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", content="good day to you"),
    )


def test_tokens_come_as_they_are_made(client: OpenAI, writer: Writer, model: str) -> None:
    stream = client.chat.completions.create(
        model=model, messages=asked("slow and steady"), stream=True, stream_options={"include_usage": True}
    )
    chunks = iter(stream)
    first, second = next(chunks), next(chunks)
    assert first.choices[0].delta.role == "assistant"
    assert second.choices[0].delta.content == "slow"
    assert not writer.go_on.is_set(), "the rest has not been made yet"
    writer.go_on.set()
    rest = list(chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in rest if chunk.choices) == " and steady"
    assert rest[-2].choices[0].finish_reason == "stop"
    assert rest[-1].choices == []
    assert rest[-1].usage is not None
    assert rest[-1].usage.completion_tokens == 3


def test_the_helper_that_streams(client: OpenAI, writer: Writer, model: str) -> None:
    with client.chat.completions.stream(model=model, messages=asked("one two three")) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert "".join(deltas) == "one two three"
    assert final.choices[0].message.content == "one two three"
    assert len(writer.asked) == 1


class Point(BaseModel):
    """What an answer is parsed into."""

    x: int


def test_the_helper_that_parses(client: OpenAI, writer: Writer, model: str) -> None:
    answer = client.chat.completions.parse(model=model, messages=asked('{"x":3}'), response_format=Point)
    assert answer.choices[0].message.parsed == Point(x=3)
    schema = writer.asked[0].sampling.json_schema
    assert schema is not None
    assert schema["properties"]["x"]["type"] == "integer"


def test_every_option_travels(client: OpenAI, writer: Writer, model: str) -> None:
    answer = client.chat.completions.create(
        model=model,
        messages=asked("a b"),
        n=2,
        temperature=0.5,
        top_p=0.9,
        seed=7,
        stop=["END", "\n"],
        max_completion_tokens=9,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        logprobs=True,
        top_logprobs=1,
        response_format={"type": "json_object"},
        extra_body={"top_k": 5, "min_p": 0.05, "repetition_penalty": 1.2},
    )
    how = writer.asked[0].sampling
    assert how.model_dump(exclude_defaults=True) == {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ("END", "\n"),
        "max_tokens": 9,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "top_logprobs": 1,
        "top_k": 5,
        "min_p": 0.05,
        "repetition_penalty": 1.2,
        "json_schema": {},
    }
    assert [choice.message.content for choice in answer.choices] == ["a b", "a b"]
    logprobs = answer.choices[1].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert [(token.token, token.logprob, token.bytes) for token in logprobs.content] == [
        ("a", -0.5, [97]),
        (" b", -0.5, [32, 98]),
    ]
    assert logprobs.content[0].top_logprobs[0].token == "other"


def test_streamed_choices_and_logprobs(client: OpenAI, writer: Writer, model: str) -> None:
    chunks = list(client.chat.completions.create(model=model, messages=asked("a b c"), n=3, stream=True, logprobs=True))
    texts = ["", "", ""]
    tokens = [0, 0, 0]
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            tokens[choice.index] += len(choice.logprobs.content or ()) if choice.logprobs else 0
    assert texts == ["a b c"] * 3
    assert tokens == [3] * 3
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"] * 3
    assert writer.asked[0].choices == 3


@pytest.mark.parametrize(
    ("extra", "param"),
    [
        ({"temperature": 3}, "temperature"),
        ({"top_p": "much"}, "top_p"),
        ({"n": 17}, "n"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs"),
        ({"min_p": 1}, "min_p"),
    ],
)
def test_what_no_model_can_do_is_refused_by_name(
    client: OpenAI, writer: Writer, model: str, extra: dict[str, Any], param: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.chat.completions.create(model=model, messages=asked("hello"), extra_body=extra)
    assert str(refused.value.param).startswith(param)
    assert not writer.asked


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_before_the_first_token_has_its_status(
    client: OpenAI, writer: Writer, model: str, stream: bool
) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.chat.completions.create(model=model, messages=asked("refuse"), stream=stream)
    assert refused.value.param == "messages"
    assert len(writer.asked) == 1


@pytest.mark.usefixtures("writer")
def test_an_error_in_mid_stream_is_an_event(client: OpenAI, model: str) -> None:
    said: list[str] = []

    def read() -> None:
        stream = client.chat.completions.create(model=model, messages=asked("break it now"), stream=True)
        said.extend(chunk.choices[0].delta.content or "" for chunk in stream)

    with pytest.raises(APIError, match="broke down"):
        read()
    assert "".join(said) == "break it"
    with pytest.raises(APIStatusError) as failed:
        client.chat.completions.create(model=model, messages=asked("break it now"))
    assert failed.value.status_code == 503


def test_a_client_that_goes_frees_its_place(client: OpenAI, writer: Writer, model: str) -> None:
    stream = client.chat.completions.create(model=model, messages=asked("endless"), stream=True)
    for _ in range(3):
        next(iter(stream))
    stream.close()
    assert writer.cancelled.wait(SOON)


def test_a_client_that_waits_for_the_whole_and_goes_frees_its_place(
    lm_platform: Platform, writer: Writer, model: str
) -> None:
    with lm_platform.http() as http, pytest.raises(httpx.ReadTimeout):
        http.post("/v1/chat/completions", json={"model": model, "messages": asked("endless")}, timeout=0.5)
    assert writer.cancelled.wait(SOON)


def test_while_nothing_comes_a_comment_shows_that_the_connection_lives(
    lm_platform: Platform, writer: Writer, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generating, "KEEP_ALIVE_SECONDS", 0.1)
    body = {"model": model, "messages": asked("slow thing"), "stream": True}
    lines: list[str] = []
    with lm_platform.http() as http, http.stream("POST", "/v1/chat/completions", json=body) as response:
        for line in response.iter_lines():
            lines.append(line)
            if lines.count(": keep-alive") == 2:
                writer.go_on.set()
    assert lines.count(": keep-alive") >= 2
    assert lines[-2] == "data: [DONE]" or lines[-1] == "data: [DONE]"


def test_more_than_may_wait_are_refused(client: OpenAI, writer: Writer, model: str) -> None:
    open_streams = [
        client.chat.completions.create(model=model, messages=asked("slow thing"), stream=True) for _ in range(4)
    ]
    with pytest.raises(APIStatusError) as refused:
        client.chat.completions.create(model=model, messages=asked("one more"))
    assert refused.value.status_code == 429
    writer.go_on.set()
    for stream in open_streams:
        list(stream)
    assert client.chat.completions.create(model=model, messages=asked("now")).choices[0].message.content == "now"


def test_a_deployment_stands_for_its_model_and_an_engine_for_itself(
    lm_platform: Platform, client: OpenAI, writer: Writer, model: str
) -> None:
    with lm_platform.database.transaction() as session:
        models.promote(session, "helper", model, "test", 1.0)
    for name, expected in (("parley/helper", model), ("far", "far"), ("far/llama", "far/llama")):
        assert client.chat.completions.create(model=name, messages=asked("hi")).choices[0].message.content == "hi"
        assert writer.asked[-1].model == expected


def test_nobody_answers(lm_platform: Platform, model: str) -> None:
    with (
        running_platform(lm_platform.settings.home, generation_timeout_seconds=0.5) as lonely,
        lonely.client() as client,
        pytest.raises(APIStatusError) as late,
    ):
        client.chat.completions.create(model=model, messages=asked("hello"))
    assert late.value.status_code == 504


def test_limits_of_a_key_hold(lm_platform: Platform, writer: Writer, model: str) -> None:
    with lm_platform.client(lm_platform.key("chat", requests_per_minute=1)) as client:
        client.chat.completions.create(model=model, messages=asked("one"))
        with pytest.raises(APIStatusError) as refused:
            client.chat.completions.create(model=model, messages=asked("two"))
    assert refused.value.status_code == 429
    assert len(writer.asked) == 1


def test_every_event_is_one_line_of_json(lm_platform: Platform, writer: Writer, model: str) -> None:
    body = {"model": model, "messages": asked("one\ntwo"), "stream": True}
    began = time.monotonic()
    with lm_platform.http() as http:
        text = http.post("/v1/chat/completions", json=body).text
    events = [line.removeprefix("data: ") for line in text.splitlines() if line]
    assert events[-1] == "[DONE]"
    assert all(json.loads(event)["object"] == "chat.completion.chunk" for event in events[:-1])
    assert time.monotonic() - began < SOON
    assert writer.asked
