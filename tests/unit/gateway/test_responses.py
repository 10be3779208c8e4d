"""Responses of the bot, through the official client and its helpers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from openai import APIStatusError, BadRequestError, NotFoundError, OpenAI

from tests.unit.gateway.echo import MODEL
from tests.unit.gateway.platform import Platform

#: What the helper that streams insists on.
ORDER = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


def parley_of(response: Any) -> dict[str, Any]:
    return (response.model_extra or {})["parley"]  # type: ignore[no-any-return]


def test_a_response_is_a_turn_with_its_understanding(client: OpenAI) -> None:
    response = client.responses.create(model="parley", input="hello to Rome", metadata={"channel": "web"})
    assert response.output_text == "You said: hello to Rome (0 before, 0 counted)"
    assert (response.object, response.status, response.model) == ("response", "completed", MODEL)
    assert response.metadata == {"channel": "web"}
    assert response.usage is not None
    assert response.usage.total_tokens == 3 + response.usage.output_tokens
    assert parley_of(response)["intent"] == {"name": "hello", "confidence": 0.9}
    assert response.conversation is not None
    assert response.conversation.id == parley_of(response)["conversation_id"]
    again = client.responses.retrieve(response.id)
    assert again == response


def test_previous_response_id_goes_on_and_branches_off(client: OpenAI) -> None:
    first = client.responses.create(model="parley", input="first words")
    second = client.responses.create(model="parley", input="second", previous_response_id=first.id)
    assert second.output_text == "You said: second (1 before, 1 counted)"
    assert parley_of(second)["conversation_id"] == parley_of(first)["conversation_id"]
    other = client.responses.create(model="parley", input="another way", previous_response_id=first.id)
    assert other.output_text == "You said: another way (1 before, 1 counted)"
    assert parley_of(other)["conversation_id"] != parley_of(first)["conversation_id"]


def test_items_alone_find_the_conversation_as_chats_do(client: OpenAI) -> None:
    first = client.responses.create(model="parley", input="begin with items")
    items: Any = [
        {"role": "user", "content": "begin with items"},
        *[item.to_dict() for item in first.output],
        {"role": "user", "content": [{"type": "input_text", "text": "and go on"}]},
    ]
    second = client.responses.create(model="parley", input=items)
    assert parley_of(second)["conversation_id"] == parley_of(first)["conversation_id"]
    listed: list[Any] = client.responses.input_items.list(second.id, order="asc").data
    assert [item.role for item in listed] == ["user", "assistant", "user"]
    newest = client.responses.input_items.list(second.id, limit=1)
    assert newest.data[0].to_dict()["content"][0]["text"] == "and go on"  # type: ignore[index]
    assert len([item for page in newest.iter_pages() for item in page.data]) == 3


def test_a_conversation_of_the_client_is_continued(client: OpenAI) -> None:
    conversation = client.conversations.create()
    for number in range(2):
        response = client.responses.create(model="parley", input="go", conversation=conversation.id)
        assert response.output_text == f"You said: go ({number} before, {number} counted)"
    with pytest.raises(NotFoundError):
        client.responses.create(model="parley", input="go", conversation="conv_none")
    with pytest.raises(BadRequestError, match="exclude each other"):
        client.responses.create(
            model="parley", input="go", conversation=conversation.id, previous_response_id=response.id
        )


def test_the_helper_that_streams_is_content_with_the_order(client: OpenAI) -> None:
    with client.responses.stream(model="parley", input="what a stream") as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events]
    assert list(dict.fromkeys(kinds)) == ORDER
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 5
    assert "".join(deltas) == final.output_text == "You said: what a stream (0 before, 0 counted)"
    assert client.responses.retrieve(final.id).output_text == final.output_text


def test_a_client_that_was_cut_off_reads_on(client: OpenAI) -> None:
    with client.responses.create(model="parley", input="one two three", stream=True) as stream:
        seen = [next(iter(stream)) for _ in range(6)]
    first = seen[0]
    assert first.type == "response.created"
    rest = list(client.responses.retrieve(first.response.id, stream=True, starting_after=seen[-1].sequence_number))
    numbers = [event.sequence_number for event in [*seen, *rest]]
    assert numbers == list(range(len(numbers)))
    last = rest[-1]
    assert last.type == "response.completed"
    said = "".join(event.delta for event in [*seen, *rest] if event.type == "response.output_text.delta")
    assert said == last.response.output_text


def test_the_same_idempotency_key_is_answered_once(client: OpenAI) -> None:
    header = {"Idempotency-Key": "resp-1"}
    first = client.responses.create(model="parley", input="only once", extra_headers=header)
    second = client.responses.create(model="parley", input="only once", extra_headers=header)
    assert second == first
    with pytest.raises(BadRequestError, match="Idempotency-Key"):
        client.responses.create(model="parley", input="something else", extra_headers=header)


def test_what_is_not_to_be_kept_is_not(client: OpenAI) -> None:
    response = client.responses.create(model="parley", input="keep nothing", store=False)
    assert response.output_text.startswith("You said")
    with pytest.raises(NotFoundError):
        client.responses.retrieve(response.id)
    kept = client.responses.create(model="parley", input="keep it")
    client.responses.delete(kept.id)
    with pytest.raises(NotFoundError):
        client.responses.retrieve(kept.id)


def test_another_key_sees_nothing_of_it(client: OpenAI, platform: Platform) -> None:
    with platform.client(platform.key("chat")) as theirs, platform.client(platform.key("chat")) as stranger:
        response = theirs.responses.create(model="parley", input="mine alone")
        for refused in (
            lambda: stranger.responses.retrieve(response.id),
            lambda: stranger.responses.delete(response.id),
            lambda: stranger.responses.cancel(response.id),
            lambda: stranger.responses.input_items.list(response.id),
            lambda: stranger.responses.create(model="parley", input="x", previous_response_id=response.id),
        ):
            with pytest.raises(NotFoundError):
                refused()
        assert client.responses.retrieve(response.id).id == response.id, "an admin sees all"


def test_parameters_without_effect_are_told(http: httpx.Client) -> None:
    body = {"model": "parley", "input": "hi", "temperature": 0.1, "instructions": "be kind", "truncation": None}
    reply = http.post("/v1/responses", json=body).raise_for_status()
    assert reply.headers["x-parley-ignored"] == "instructions, temperature"
    assert "x-parley-ignored" not in http.post("/v1/responses", json={"model": "parley", "input": "hi"}).headers


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
        ({"input": [{"role": "assistant", "content": "me last"}]}, "input"),
        ({"input": "  "}, "input"),
        ({"input": "x" * 10_001}, "input"),
        ({"text": {"format": {"type": "json_object"}}}, "text.format"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"previous_response_id": "resp_none"}, "previous_response_id"),
        ({"background": True, "store": False}, None),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"nonsense": 1}, "nonsense"),
        ({"model": "ft:nobody"}, "model"),
    ],
)
def test_what_is_wrong_is_named(http: httpx.Client, wrong: dict[str, Any], param: str | None) -> None:
    reply = http.post("/v1/responses", json={"model": "parley", "input": "hi"} | wrong)
    assert reply.status_code in (400, 404), reply.text
    assert reply.json()["error"]["param"] == param


def test_a_failing_bot_is_an_error_with_its_status(client: OpenAI) -> None:
    with pytest.raises(APIStatusError, match="exploded"):
        client.responses.create(model="parley", input="explode", stream=True)


def test_a_silent_bot_says_nothing(client: OpenAI) -> None:
    first = client.responses.create(model="parley", input="person")
    assert first.output_text == "A colleague takes over."
    with client.responses.stream(model="parley", input="hello?", previous_response_id=first.id) as stream:
        final = stream.get_final_response()
    assert final.output == []
    assert parley_of(final)["answer_kind"] == "silent"


def test_tokens_are_counted_without_a_turn(client: OpenAI) -> None:
    counted = client.responses.input_tokens.count(model="parley", input="three words here")
    assert counted.input_tokens == 3


def test_only_what_is_in_the_background_can_be_cancelled(client: OpenAI) -> None:
    response = client.responses.create(model="parley", input="done already")
    with pytest.raises(BadRequestError, match="background"):
        client.responses.cancel(response.id)


def test_a_turn_in_the_background(client: OpenAI) -> None:
    header = {"Idempotency-Key": "resp-background"}
    queued = client.responses.create(model="parley", input="when you can", background=True, extra_headers=header)
    assert queued.status in ("queued", "in_progress", "completed")
    events = list(client.responses.retrieve(queued.id, stream=True))
    assert events[1].type == "response.queued"
    assert events[-1].type == "response.completed"
    done = client.responses.retrieve(queued.id)
    assert (done.status, done.background) == ("completed", True)
    assert done.output_text == "You said: when you can (0 before, 0 counted)"
    again = client.responses.create(model="parley", input="when you can", background=True, extra_headers=header)
    assert again.id == done.id
    failed = client.responses.create(model="parley", input="explode", background=True)
    assert list(client.responses.retrieve(failed.id, stream=True))[-1].type == "response.failed"
    assert "exploded" in client.responses.retrieve(failed.id).error.message  # type: ignore[union-attr]
