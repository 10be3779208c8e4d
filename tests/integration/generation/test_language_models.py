"""Language models from the store, and engines, answering over the bus: in one process, and as processes that get killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import APIError, NotFoundError, OpenAI

from services.generation.app import running
from services.generation.settings import GenerationSettings
from shared.artifacts.bundle import Bundle
from shared.artifacts.store import open_store
from shared.contracts.chat.generation import (
    CallPiece,
    ChatMessage,
    FunctionTool,
    GenerateText,
    GenerationCancelled,
    Sampling,
    TextGenerated,
    TokensProduced,
    ToolCall,
    Tools,
)
from shared.contracts.message import Message
from shared.decoding.chat_template import PLAIN, ChatTemplate
from shared.errors import InvalidInput, NotFound, Unavailable
from shared.messaging.bus import Bus
from shared.messaging.connect import connect
from shared.messaging.requesting.reply_stream import ReplyStream
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from shared.settings import read_settings
from shared.storage.database.engine import open_database
from tests.decoder_bundle import decoder_bundle, publish
from tests.infrastructure import free_port
from tests.integration.generation.scripted_engine import scripted_engine
from tests.integration.places import Place, place
from tests.unit.decoding.tiny_decoder import TinyDecoder, tiny_decoder
from tests.waiting import wait_for

SOON = 60.0
KEY = "pk-language-models-admin-key-0123456789"
ONE, OTHER = "ft:tiny:writer::one", "ft:tiny:writer::other"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TinyDecoder:
    return tiny_decoder(tmp_path_factory.mktemp("decoder"))


@pytest.fixture(scope="module")
def bundles(made: TinyDecoder, tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    folder = tmp_path_factory.mktemp("bundles")
    return [decoder_bundle(made, folder / name.rpartition(":")[2], name) for name in (ONE, OTHER)]


def stored(where: Place, bundles: list[Bundle], **settings: Any) -> GenerationSettings:
    """Settings of a place that has the models."""
    chosen = read_settings(GenerationSettings, **where.settings(), **settings)
    with open_database(chosen.database) as database:
        for bundle in bundles:
            publish(bundle, database, open_store(chosen.artifacts))
    return chosen


def ask(requester: Requester, model: str = ONE, tokens: int = 20, text: str = "hello", **how: Any) -> ReplyStream:
    sampling = Sampling(max_tokens=tokens, **({"temperature": 0.0} | how))
    request = GenerateText(model=model, messages=(ChatMessage(role="user", content=text),), sampling=sampling)
    return requester.stream(request, timeout=SOON, cancelled=lambda name: GenerationCancelled(request_id=name))


def whole(answer: ReplyStream) -> tuple[str, TextGenerated]:
    parts: list[Message] = []
    while not answer.over:
        parts += answer.receive(SOON)
    text = "".join(piece.text for part in parts if isinstance(part, TokensProduced) for piece in part.pieces)
    assert isinstance(parts[-1], TextGenerated)
    return text, parts[-1]


def test_models_answer_as_they_do_alone(
    where: Place, bundles: list[Bundle], made: TinyDecoder, requester: Requester
) -> None:
    with running(stored(where, bundles, language_models=1, inference_threads=1)):
        template = ChatTemplate.of(PLAIN, made.tokens.tokenizer, begin=None, end=None)
        prompt = made.tokens.encode_marked(template.render([{"role": "user", "content": "hello"}], answering=True))
        expected = made.tokens.decode(made.greedy(prompt, 20))
        text, end = whole(ask(requester))
        assert text.rstrip("\ufffd") == expected.rstrip("\ufffd")
        assert (end.model, end.finish_reasons, end.prompt_tokens, end.completion_tokens) == (
            ONE,
            ("length",),
            len(prompt),
            20,
        )
        alone = [whole(ask(requester, text=name, temperature=1.0, seed=7))[0] for name in "abcd"]
        together = [ask(requester, text=name, temperature=1.0, seed=7) for name in "abcd"]
        assert [whole(answer)[0] for answer in together] == alone
        assert whole(ask(requester, OTHER))[0] == text, "the first one leaves, and this one is loaded"
        assert whole(ask(requester))[0] == text
        with pytest.raises(NotFound):
            whole(ask(requester, "ft:unknown"))
        with pytest.raises(InvalidInput, match="tokens"):
            whole(ask(requester, text="x" * 5000))


def test_a_cancelled_answer_frees_its_slot(where: Place, bundles: list[Bundle], requester: Requester, bus: Bus) -> None:
    with running(stored(where, bundles[:1], language_model_slots=1, inference_threads=1)):
        whole(ask(requester, tokens=1))
        endless = ask(requester, tokens=230)
        assert endless.receive(SOON)
        endless.cancel()
        assert whole(ask(requester, tokens=3))[1].completion_tokens == 3
        wait_for(lambda: bus.depth(Queues.LANGUAGE_MODELS) == 0, SOON, "an empty queue")


@contextmanager
def process(where: Place, service: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A service of its own, up."""
    environment = {**os.environ, **where.environment(), "PARLEY_API_KEY": KEY, **settings}
    with subprocess.Popen(
        [sys.executable, "-m", f"services.{service}"], env=environment, stderr=subprocess.PIPE, text=True
    ) as started:
        try:
            assert started.stderr is not None
            for line in started.stderr:
                if "service is up" in line:
                    break
            yield started
        finally:
            started.kill()


@contextmanager
def client_of(port: int) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=KEY, max_retries=0, timeout=SOON) as client:
        yield client


def test_processes_an_engine_and_a_kill(bundles: list[Bundle], tmp_path: Path) -> None:
    said: Any = [{"role": "user", "content": "hello"}]
    small = {"PARLEY_INFERENCE_THREADS": "1", "PARLEY_LANGUAGE_MODEL_SLOTS": "2"}
    with ExitStack() as stack:
        where = stack.enter_context(place("stack", tmp_path))
        stored(where, bundles[:1])
        port = free_port()
        stack.enter_context(process(where, "gateway", PARLEY_PORT=str(port)))
        victim = stack.enter_context(process(where, "generation", **small))
        client = stack.enter_context(client_of(port))

        def create(**how: Any) -> Any:
            return client.chat.completions.create(model=ONE, messages=said, temperature=0, **how)

        text = create(max_tokens=10).choices[0].message.content
        assert text
        streamed = create(max_tokens=10, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == text

        far = {"far": {"url": f"http://127.0.0.1:{port}/v1", "model": ONE, "key": KEY}}
        with (
            place("embedded", tmp_path / "near") as near,
            running(read_settings(GenerationSettings, **near.settings(), engines=far)),
            connect(near.broker_url) as bus,
            Requester(bus, "near") as requester,
        ):
            through, end = whole(ask(requester, "far", tokens=10))
            assert (through, end.completion_tokens, end.finish_reasons) == (text, 10, ("length",))
            with pytest.raises(NotFound, match="far refuses"):
                whole(ask(requester, "far/unheard-of"))
            answer = ask(requester, "far", tokens=200)
            assert answer.receive(SOON)
            answer.cancel()

        chunks = iter(create(max_tokens=230, n=16, stream=True))  # more than the two slots can write at once
        for _ in range(4):
            next(chunks)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        began = time.monotonic()
        stack.enter_context(process(where, "generation", **small))
        with pytest.raises(APIError, match="answering"):
            list(chunks)
        assert time.monotonic() - began < 30
        assert create(max_tokens=10).choices[0].message.content == text
        with connect(where.broker_url, prefix=where.broker_prefix) as bus:
            wait_for(lambda: bus.depth(Queues.LANGUAGE_MODELS) == 0, SOON, "an empty queue")
        with pytest.raises(NotFoundError):
            client.chat.completions.create(model="far", messages=said)


def test_an_engine_that_is_away_is_told(where: Place, requester: Requester) -> None:
    engines = {"away": {"url": f"http://127.0.0.1:{free_port()}/v1"}}
    settings = read_settings(GenerationSettings, **where.settings(), engines=engines)
    with running(settings), pytest.raises(Unavailable, match="away"):
        whole(ask(requester, "away"))


def test_an_engine_is_told_of_functions_and_asks_for_them(where: Place, requester: Requester) -> None:
    plus = FunctionTool(name="plus", parameters={"type": "object"}, strict=True)
    called = ToolCall(id="call_0", name="plus", arguments='{"a":1}')
    with scripted_engine() as engine:
        engine.calls = [("plus", '{"a":1}')]
        settings = read_settings(GenerationSettings, **where.settings(), engines={"far": {"url": engine.url}})
        with running(settings):
            request = GenerateText(
                model="far",
                messages=(
                    ChatMessage(role="assistant", content="", tool_calls=(called,)),
                    ChatMessage(role="tool", content="2", tool_call_id="call_0"),
                    ChatMessage(role="user", content="and 2 + 2?"),
                ),
                tools=Tools(functions=(plus,), choice="required", named="plus", parallel=False),
            )
            answer = requester.stream(
                request, timeout=SOON, cancelled=lambda name: GenerationCancelled(request_id=name)
            )
            pieces: list[Message] = []
            while not answer.over:
                pieces += answer.receive(SOON)
    calls = [call for part in pieces if isinstance(part, TokensProduced) for one in part.pieces for call in one.calls]
    assert calls[0] == CallPiece(index=0, id="call_0", name="plus")
    assert "".join(call.arguments for call in calls) == '{"a":1}'
    assert isinstance(pieces[-1], TextGenerated)
    assert pieces[-1].finish_reasons == ("tool_calls",)
    (body,) = engine.asked
    function = {"name": "plus", "parameters": {"type": "object"}, "strict": True}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "plus"}}
    assert body["parallel_tool_calls"] is False
    wire = {"id": "call_0", "type": "function", "function": {"name": "plus", "arguments": '{"a":1}'}}
    assert body["messages"][0] == {"role": "assistant", "content": None, "tool_calls": [wire]}
    assert body["messages"][1] == {"role": "tool", "content": "2", "tool_call_id": "call_0"}
