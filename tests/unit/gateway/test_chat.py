from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from openai import APIStatusError, BadRequestError, NotFoundError, OpenAI
from openai.types.chat import completion_create_params

from tests.unit.gateway.echo import MODEL
from tests.unit.gateway.platform import Platform, asked


def say(client: OpenAI, messages: list[Any], **options: Any) -> tuple[str, dict[str, Any]]:
    completion = client.chat.completions.create(model="parley", messages=messages, **options)
    return completion.choices[0].message.content or "", (completion.model_extra or {})["parley"]


def continued(messages: list[Any], answer: str, text: str) -> list[Any]:
    return [*messages, {"role": "assistant", "content": answer}, {"role": "user", "content": text}]


def test_completion_has_the_shape_of_the_convention_and_ours(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="parley", messages=asked("hello to Rome"))
    assert completion.object == "chat.completion"
    assert completion.model == MODEL
    assert completion.choices[0].finish_reason == "stop"
    assert completion.choices[0].message.content == "You said: hello to Rome (0 before, 0 counted)"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 3
    assert completion.usage.total_tokens == 3 + completion.usage.completion_tokens
    details = (completion.model_extra or {})["parley"]
    assert details["intent"] == {"name": "hello", "confidence": 0.9}
    assert details["entities"][0]["text"] == "Rome"
    assert details["sentiment"]["label"] == "neutral"
    assert details["answer_kind"] == "template"
    assert completion._request_id


def test_stream_is_the_same_answer_in_pieces(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="parley", messages=asked("what a stream"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    words = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(words) == "You said: what a stream (0 before, 0 counted)"
    assert sum(bool(word) for word in words) > 5
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert (chunks[-2].model_extra or {})["parley"]["intent"]["name"] == "what"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == 3


def test_history_alone_finds_the_conversation_again(client: OpenAI) -> None:
    messages = asked("first words of alpha")
    answer, first = say(client, messages)
    messages = continued(messages, answer, "second")
    answer, second = say(client, messages)
    assert answer == "You said: second (1 before, 1 counted)"
    assert second["conversation_id"] == first["conversation_id"]
    _, third = say(client, continued(messages, answer, "third"))
    assert third["conversation_id"] == first["conversation_id"]


def test_edited_history_branches_off_with_the_state_of_that_time(client: OpenAI) -> None:
    messages = asked("first words of beta")
    answer, first = say(client, messages)
    say(client, continued(messages, answer, "one way"))
    words, other = say(client, continued(messages, answer, "another way"))
    assert other["conversation_id"] != first["conversation_id"]
    assert words == "You said: another way (1 before, 1 counted)"


def test_unknown_history_begins_a_conversation_with_it(client: OpenAI) -> None:
    words, _ = say(client, continued(asked("never said here"), "never answered", "and now?"))
    assert words == "You said: and now? (1 before, 0 counted)"


def test_history_of_another_user_or_key_is_not_found(client: OpenAI, platform: Platform) -> None:
    messages = asked("first words of gamma")
    answer, first = say(client, messages, user="anna")
    follow_up = continued(messages, answer, "more")
    _, bert = say(client, follow_up, user="bert")
    assert bert["conversation_id"] != first["conversation_id"]
    with platform.client(platform.key("chat")) as stranger:
        _, theirs = say(stranger, follow_up, user="anna")
    assert theirs["conversation_id"] != first["conversation_id"]
    _, anna = say(client, follow_up, user="anna")
    assert anna["conversation_id"] == first["conversation_id"]


def test_conversation_id_wins_over_the_messages(client: OpenAI) -> None:
    _, first = say(client, asked("first words of delta"))
    named = {"conversation_id": first["conversation_id"]}
    words, second = say(client, asked("go on"), extra_body=named)
    assert second["conversation_id"] == first["conversation_id"]
    assert words == "You said: go on (1 before, 1 counted)"


def test_a_stranger_cannot_continue_a_conversation_by_its_id(client: OpenAI, platform: Platform) -> None:
    _, first = say(client, asked("first words of epsilon"))
    with platform.client(platform.key("chat")) as stranger, pytest.raises(NotFoundError):
        say(stranger, asked("hello"), extra_body={"conversation_id": first["conversation_id"]})


def test_text_parts_are_joined_and_other_parts_refused(client: OpenAI) -> None:
    parts: Any = [{"type": "text", "text": "two "}, {"type": "text", "text": "parts"}]
    words, _ = say(client, [{"role": "user", "content": parts}])
    assert words.startswith("You said: two parts")
    picture: Any = [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]
    with pytest.raises(BadRequestError):
        say(client, [{"role": "user", "content": picture}])


def test_every_documented_parameter_of_the_client_is_accepted(client: OpenAI) -> None:
    known = set(completion_create_params.CompletionCreateParamsBase.__annotations__) - {"model", "messages"}
    meant = {
        "metadata": {"shop": "north"},
        "modalities": ["text"],
        "n": 1,
        "user": "anna",
        "stream_options": None,
        "logprobs": False,
        "response_format": {"type": "text"},
        "tool_choice": "auto",
        "function_call": "none",
        "moderation": {"model": "omni-moderation-latest"},
    }
    words, _ = say(client, asked("all the parameters"), extra_body={name: meant.get(name, 1) for name in known})
    assert words.startswith("You said: all the parameters")


@pytest.mark.parametrize(
    ("extra", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"temprature": 0.5}, "temprature"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "role"),
        ({"messages": [{"role": "user", "content": "  "}]}, "empty"),
        ({"messages": [{"role": "user", "content": "x" * 10_001}]}, "longer"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role 'user'"),
        ({"messages": [{"role": "user", "content": "x"}] * 3000}, "messages"),
        ({"model": 7}, "model"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(client: OpenAI, extra: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError, match=param):
        say(client, asked("hello"), extra_body=extra)


def test_unknown_model_and_model_out_of_production(client: OpenAI, platform: Platform) -> None:
    with pytest.raises(NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-4o", messages=asked("hello"))
    assert unknown.value.code == "model_not_found"
    model_id = platform.add_model()
    with pytest.raises(BadRequestError, match="not in production"):
        client.chat.completions.create(model=model_id, messages=asked("hello"))


def test_an_error_of_the_bot_arrives_as_what_it_is(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as failed:
        say(client, asked("explode"))
    assert failed.value.param == "text"


def test_a_streamed_turn_that_fails_has_an_honest_status(client: OpenAI) -> None:
    with pytest.raises(APIStatusError) as failed:
        client.chat.completions.create(model="parley", messages=asked("explode"), stream=True)
    assert failed.value.status_code == 400


def test_concurrent_turns_of_one_conversation_keep_their_order(client: OpenAI, http: httpx.Client) -> None:
    _, first = say(client, asked("first words of zeta"))

    def push(number: int) -> int:
        body = {"content": f"message {number}"}
        return http.post(f"/v1/conversations/{first['conversation_id']}/messages", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(push, range(16)))
    assert set(statuses) <= {200, 409}
    listed = http.get(f"/v1/conversations/{first['conversation_id']}/messages?limit=100").json()["data"]
    positions = [message["position"] for message in listed if message["role"] == "user"]
    assert positions == list(range(1 + statuses.count(200)))
    counted = [message["content"] for message in listed if message["role"] == "assistant"]
    assert all(f"{position} counted" in words for position, words in enumerate(counted))


def test_idempotency_key_makes_a_repeated_completion_one_turn(client: OpenAI) -> None:
    headers = {"Idempotency-Key": "chat-once"}
    first = client.chat.completions.create(model="parley", messages=asked("only once"), extra_headers=headers)
    again = client.chat.completions.create(model="parley", messages=asked("only once"), extra_headers=headers)
    assert first.id == again.id
    with pytest.raises(BadRequestError) as reused:
        client.chat.completions.create(model="parley", messages=asked("something else"), extra_headers=headers)
    assert reused.value.code == "idempotency_key_reused"


def test_an_idempotency_key_is_refused_in_another_place(client: OpenAI, http: httpx.Client) -> None:
    headers = {"Idempotency-Key": "chat-here"}
    first = client.chat.completions.create(model="parley", messages=asked("only here"), extra_headers=headers)
    later: Any = [*asked("before"), {"role": "assistant", "content": "yes"}, *asked("only here")]
    with pytest.raises(BadRequestError) as reused:
        client.chat.completions.create(model="parley", messages=later, extra_headers=headers)
    assert reused.value.code == "idempotency_key_reused"
    other = http.post("/v1/conversations", json={}).raise_for_status().json()["id"]
    assert other != (first.model_extra or {})["parley"]["conversation_id"]
    refused = http.post(f"/v1/conversations/{other}/messages", json={"content": "only here"}, headers=headers)
    assert refused.json()["error"]["code"] == "idempotency_key_reused"


def test_a_stream_of_a_bot_begins_with_the_stored_answer(http: httpx.Client) -> None:
    body = {"model": "parley", "messages": asked("hello"), "stream": True}
    told = http.post("/v1/chat/completions", json=body).raise_for_status().text
    assert told.startswith("data: {")
    assert all(event.startswith("data: ") for event in told.strip().split("\n\n"))
