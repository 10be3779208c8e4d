"""Conversations as the official client knows them, on the same object as ours."""

from __future__ import annotations

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from shared.storage.chat import conversation_items, conversations, responses
from tests.unit.gateway.platform import Platform

BEFORE: Any = [
    {"type": "message", "role": "user", "content": "I was here yesterday"},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Welcome back"}]},
    {"type": "function_call", "call_id": "c1", "name": "look_up", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c1", "output": "nothing"},
]


def words(item: Any) -> str:
    content = item.to_dict().get("content")
    return str(content[0]["text"]) if content else str(item.type)


def test_every_method_of_the_client(client: OpenAI) -> None:
    conversation = client.conversations.create(items=BEFORE, metadata={"channel": "web"})
    assert (conversation.object, conversation.metadata) == ("conversation", {"channel": "web"})
    assert client.conversations.update(conversation.id, metadata={"channel": "mail"}).metadata == {"channel": "mail"}
    assert client.conversations.retrieve(conversation.id).metadata == {"channel": "mail"}
    added: Any = client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "one more"}])
    item = client.conversations.items.retrieve(added.data[0].id, conversation_id=conversation.id)
    assert words(item) == "one more"
    client.conversations.items.delete(added.data[0].id, conversation_id=conversation.id)
    with pytest.raises(NotFoundError):
        client.conversations.items.retrieve(added.data[0].id, conversation_id=conversation.id)
    gone = client.conversations.delete(conversation.id)
    assert (gone.object, gone.deleted) == ("conversation.deleted", True)
    with pytest.raises(NotFoundError):
        client.conversations.retrieve(conversation.id)


def test_turns_and_items_are_listed_in_their_order(client: OpenAI) -> None:
    conversation = client.conversations.create(items=BEFORE)
    first = client.responses.create(model="parley", input="first turn", conversation=conversation.id)
    assert first.output_text == "You said: first turn (1 before, 0 counted)", "what was told counts as said before"
    client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "beside"}])
    second = client.responses.create(model="parley", input="second turn", conversation=conversation.id)
    assert second.output_text == "You said: second turn (2 before, 1 counted)"
    said = ["I was here yesterday", "Welcome back", "function_call", "function_call_output", "first turn"]
    said += [first.output_text, "beside", "second turn", second.output_text]
    for limit in (1, 2, 3, 20):
        oldest = client.conversations.items.list(conversation.id, order="asc", limit=limit)
        assert [words(item) for item in oldest] == said
        newest = client.conversations.items.list(conversation.id, limit=limit)
        assert [words(item) for item in newest] == said[::-1]
    message: Any = first.output[0]
    assert client.conversations.items.retrieve(message.id, conversation_id=conversation.id).id == message.id
    with pytest.raises(BadRequestError, match="delete the conversation"):
        client.conversations.items.delete(message.id, conversation_id=conversation.id)


def test_deleting_removes_every_word(client: OpenAI, platform: Platform) -> None:
    conversation = client.conversations.create(items=BEFORE)
    response = client.responses.create(model="parley", input="forget me", conversation=conversation.id)
    other = client.responses.create(model="parley", input="keep me")
    client.conversations.delete(conversation.id)
    with pytest.raises(NotFoundError):
        client.responses.retrieve(response.id)
    with pytest.raises(NotFoundError):
        client.responses.create(model="parley", input="again", previous_response_id=response.id)
    assert client.responses.retrieve(other.id).output_text == other.output_text
    with platform.database.reading() as session:
        assert conversation_items.all(session, conversation.id) == []
        assert conversations.turns(session, conversation.id).items == []
        assert list(responses.of_conversation(session, conversation.id)) == []


def test_another_key_sees_and_changes_nothing(client: OpenAI, platform: Platform) -> None:
    conversation = client.conversations.create(items=BEFORE)
    item = next(iter(client.conversations.items.list(conversation.id)))
    other = client.conversations.create()
    with platform.client(platform.key("chat")) as stranger:
        for refused in (
            lambda: stranger.conversations.update(conversation.id, metadata={}),
            lambda: stranger.conversations.delete(conversation.id),
            lambda: stranger.conversations.items.list(conversation.id),
            lambda: stranger.conversations.items.create(conversation.id, items=BEFORE),
            lambda: stranger.conversations.items.retrieve(item.id or "", conversation_id=conversation.id),
            lambda: stranger.conversations.items.delete(item.id or "", conversation_id=conversation.id),
        ):
            with pytest.raises(NotFoundError):
                refused()
    with pytest.raises(NotFoundError):
        client.conversations.items.retrieve(item.id or "", conversation_id=other.id)


def test_what_has_ended_takes_no_more(client: OpenAI) -> None:
    conversation = client.conversations.create()
    client.post(f"/conversations/{conversation.id}/end", cast_to=object)
    with pytest.raises(BadRequestError, match="ended"):
        client.conversations.items.create(conversation.id, items=BEFORE)
    with pytest.raises(BadRequestError, match="ended"):
        client.responses.create(model="parley", input="hello?", conversation=conversation.id)
