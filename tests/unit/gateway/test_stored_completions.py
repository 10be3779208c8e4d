"""Completions asked with ``store``, through the official client."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.unit.gateway.platform import Platform, asked


def said(client: OpenAI, text: str, **options: Any) -> Any:
    return client.chat.completions.create(model="parley", messages=asked(text), store=True, **options)


def test_what_is_stored_is_found_relabelled_and_deleted(client: OpenAI) -> None:
    made = said(client, "keep this", metadata={"kind": "first"})
    again: Any = client.chat.completions.retrieve(made.id)
    assert again.choices[0].message.content == made.choices[0].message.content
    assert (again.metadata, again.usage) == ({"kind": "first"}, made.usage)
    (message,) = client.chat.completions.messages.list(made.id).data
    assert (message.role, message.content) == ("user", "keep this")
    assert [one.id for one in client.chat.completions.list(metadata={"kind": "first"})] == [made.id]
    assert client.chat.completions.list(metadata={"kind": "none"}).data == []
    changed: Any = client.chat.completions.update(made.id, metadata={"kind": "second"})
    assert changed.metadata == {"kind": "second"}
    gone = client.chat.completions.delete(made.id)
    assert (gone.deleted, gone.object) == (True, "chat.completion.deleted")
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(made.id)


def test_nothing_is_kept_unasked_and_a_stream_is_kept_whole(client: OpenAI) -> None:
    unasked = client.chat.completions.create(model="parley", messages=asked("forget this"))
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(unasked.id)
    chunks = list(said(client, "stream this", stream=True))
    words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert client.chat.completions.retrieve(chunks[0].id).choices[0].message.content == words


def test_pages_go_either_way(client: OpenAI) -> None:
    ids = [said(client, f"page {number}", metadata={"paged": "yes"}).id for number in range(3)]
    up = client.chat.completions.list(metadata={"paged": "yes"}, limit=2)
    assert [one.id for one in up] == ids
    down = client.chat.completions.list(metadata={"paged": "yes"}, limit=2, order="desc")
    assert [one.id for one in down] == ids[::-1]
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.messages.list(ids[0], after="nonsense")


def test_what_others_stored_is_not_there(client: OpenAI, platform: Platform) -> None:
    with platform.client(platform.key("chat")) as other:
        made = said(other, "mine alone")
        assert other.chat.completions.retrieve(made.id).id == made.id
        with platform.client(platform.key("chat")) as third, pytest.raises(openai.NotFoundError):
            third.chat.completions.retrieve(made.id)
    assert client.chat.completions.retrieve(made.id).id == made.id, "an admin sees all"


def test_the_words_go_with_the_conversation(client: OpenAI) -> None:
    made = said(client, "to be forgotten")
    client.conversations.delete(made.model_extra["parley"]["conversation_id"])
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(made.id)
