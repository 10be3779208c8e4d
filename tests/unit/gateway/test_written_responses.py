"""Responses of language models, through the official client: at once, streamed, parsed, in the background."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openai import BadRequestError, OpenAI
from pydantic import BaseModel

from shared.contracts.chat.generation import ChatMessage
from shared.storage.chat import responses
from shared.storage.tables.core import Response
from tests.unit.gateway.platform import Platform, running_platform
from tests.unit.gateway.writer import Writer, writing


@pytest.fixture(scope="module")
def lm_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("responses")) as platform:
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


def test_what_was_said_before_comes_along(client: OpenAI, writer: Writer, model: str) -> None:
    first = client.responses.create(model=model, input="good day", instructions="Be brief.")
    assert first.output_text == "good day"
    assert first.usage is not None
    assert (first.usage.input_tokens, first.usage.input_tokens_details.cached_tokens) == (7, 3)
    second = client.responses.create(model=model, input="and you", previous_response_id=first.id)
    assert writer.asked[0].messages[0] == ChatMessage(role="system", content="Be brief.")
    assert [(message.role, message.content) for message in writer.asked[1].messages] == [
        ("user", "good day"),
        ("assistant", "good day"),
        ("user", "and you"),
    ], "instructions are those of a request alone"
    assert client.responses.retrieve(second.id) == second


def test_a_conversation_keeps_what_a_model_says(client: OpenAI, writer: Writer, model: str) -> None:
    conversation = client.conversations.create()
    for words in ("one", "two"):
        client.responses.create(model=model, input=words, conversation=conversation.id)
    assert [message.content for message in writer.asked[1].messages] == ["one", "one", "two"]
    bot = client.responses.create(model="parley", input="three", conversation=conversation.id)
    assert bot.output_text == "You said: three (2 before, 0 counted)"
    client.responses.create(model=model, input="four", conversation=conversation.id)
    assert [message.content for message in writer.asked[2].messages][-3:] == ["three", bot.output_text, "four"]


def test_tokens_come_as_they_are_made(client: OpenAI, writer: Writer, model: str) -> None:
    with client.responses.stream(model=model, input="slow and steady") as stream:
        events = iter(stream)
        for event in events:
            if event.type == "response.output_text.delta":
                assert event.delta == "slow"
                assert not writer.go_on.is_set(), "the rest has not been made yet"
                writer.go_on.set()
                break
        list(events)
        final = stream.get_final_response()
    assert final.output_text == "slow and steady"
    assert client.responses.retrieve(final.id).output_text == "slow and steady"
    replayed = list(client.responses.retrieve(final.id, stream=True))
    assert next(event.delta for event in replayed if event.type == "response.output_text.delta") == "slow"


class Point(BaseModel):
    """What an answer is parsed into."""

    x: int


def test_the_helper_that_parses(client: OpenAI, writer: Writer, model: str) -> None:
    answer = client.responses.parse(model=model, input='{"x":3}', text_format=Point)
    assert answer.output_parsed == Point(x=3)
    assert (writer.asked[0].sampling.json_schema or {})["properties"]["x"]["type"] == "integer"


def test_options_travel(client: OpenAI, writer: Writer, model: str) -> None:
    answer = client.responses.create(
        model=model,
        input="a b",
        temperature=0.5,
        top_p=0.9,
        max_output_tokens=9,
        top_logprobs=1,
        include=["message.output_text.logprobs"],
        extra_body={"seed": 7},
    )
    sampling = writer.asked[0].sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens, sampling.seed) == (0.5, 0.9, 9, 7)
    assert sampling.top_logprobs == 1
    part: Any = answer.output[0].content[0]  # type: ignore[union-attr,index]
    assert [token.token for token in part.logprobs] == ["a", " b"]
    with pytest.raises(BadRequestError, match="temperature"):
        client.responses.create(model=model, input="a", temperature=9)


def test_what_breaks_off_ends_the_stream_as_failed(client: OpenAI, writer: Writer, model: str) -> None:
    events = list(client.responses.create(model=model, input="break here please", stream=True))
    assert events[-1].type == "response.failed"
    assert "broke down" in events[-1].response.error.message  # type: ignore[union-attr]
    with pytest.raises(BadRequestError, match="too long"):
        client.responses.create(model=model, input="refuse this", stream=True)
    assert len(writer.asked) == 2


def test_who_leaves_a_stream_stops_the_model(client: OpenAI, writer: Writer, model: str) -> None:
    with client.responses.create(model=model, input="endless", stream=True) as stream:
        next(iter(stream))
    assert writer.cancelled.wait(10)


def test_in_the_background_one_may_leave_and_come_back(client: OpenAI, writer: Writer, model: str) -> None:
    with client.responses.create(model=model, input="slow but sure", background=True, stream=True) as stream:
        seen = [next(iter(stream))]
    first = seen[0]
    assert first.type == "response.created"
    writer.go_on.set()
    rest = list(client.responses.retrieve(first.response.id, stream=True, starting_after=0))
    assert [event.sequence_number for event in [*seen, *rest]] == list(range(len(rest) + 1))
    last = rest[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == "slow but sure"
    assert len(writer.asked) == 1, "who comes back asks for nothing anew"


def test_what_is_cancelled_stops(client: OpenAI, writer: Writer, model: str) -> None:
    queued = client.responses.create(model=model, input="endless", background=True)
    follower = client.responses.retrieve(queued.id, stream=True)
    assert any(event.type == "response.output_text.delta" for event in follower)
    assert client.responses.cancel(queued.id).status == "cancelled"
    assert client.responses.cancel(queued.id).status == "cancelled", "twice is harmless"
    assert list(follower)[-1].type == "response.failed"
    assert writer.cancelled.wait(10)
    assert client.responses.retrieve(queued.id).status == "cancelled"


def test_another_process_takes_over_what_one_has_left(
    client: OpenAI, lm_platform: Platform, writer: Writer, model: str
) -> None:
    """As after kill -9: the row says that somebody works at it, whose lease has run out."""
    key_id = _row(lm_platform, client.responses.create(model=model, input="who am I").id).key_id
    left = Response(
        id="resp_abandoned",
        created_at=1.0,
        status="in_progress",
        key_id=key_id,
        model=model,
        request={"model": model, "background": True},
        input=[
            {
                "id": "item_1",
                "type": "message",
                "role": "user",
                "status": "completed",
                "content": [{"type": "input_text", "text": "taken over"}],
            }
        ],
        background=True,
        attempt=1,
        lease_token="of the dead",
        lease_expires_at=1.0,
    )
    with lm_platform.database.transaction() as session:
        responses.add(session, left)
        assert not responses.renew(session, "resp_abandoned", "of another", 2.0)
    client.responses.create(model=model, input="who comes by wakes a worker", background=True)
    assert list(client.responses.retrieve("resp_abandoned", stream=True))[-1].type == "response.completed"
    assert client.responses.retrieve("resp_abandoned").output_text == "taken over"
    assert _row(lm_platform, "resp_abandoned").attempt == 2
    with lm_platform.database.transaction() as session:
        assert not responses.finish(session, "resp_abandoned", "of the dead", 2.0, {"status": "failed"})


def _row(platform: Platform, response_id: str) -> Response:
    with platform.database.reading() as session:
        return responses.get(session, response_id)


def test_tokens_are_counted_by_the_model(client: OpenAI, writer: Writer, model: str) -> None:
    assert client.responses.input_tokens.count(model=model, input="how many?").input_tokens == 7
    assert writer.asked[0].sampling.max_tokens == 1
