"""People in a conversation: taking it over, answering, following."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.unit.gateway.platform import Platform
from tests.unit.gateway.test_conversations import begin, say


def act(
    http: httpx.Client, conversation_id: str, path: str, body: dict[str, Any] | None = None, **headers: str
) -> httpx.Response:
    return http.post(f"/v1/conversations/{conversation_id}/{path}", json=body, headers=headers)


def words(http: httpx.Client, conversation_id: str, **params: Any) -> list[tuple[str, str]]:
    listed = http.get(f"/v1/conversations/{conversation_id}/messages", params=params).raise_for_status().json()
    return [(message["role"], message["content"]) for message in listed["data"]]


@contextmanager
def following(http: httpx.Client, conversation_id: str, **params: str) -> Iterator[Iterator[tuple[str, str, Any]]]:
    """The events of a conversation: name, id and data."""
    path = f"/v1/conversations/{conversation_id}/events"
    with http.stream("GET", path, params=params, timeout=10) as response:
        response.raise_for_status()

        def events() -> Iterator[tuple[str, str, Any]]:
            told: dict[str, str] = {}
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                if line and name:
                    told[name] = value
                elif told:
                    yield told["event"], told["id"], json.loads(told["data"])
                    told = {}

        yield events()


def test_a_colleague_takes_over_answers_and_gives_back(http: httpx.Client) -> None:
    conversation_id = begin(http)
    say(http, conversation_id, "hello").raise_for_status()
    taken = act(http, conversation_id, "take_over").raise_for_status().json()
    assert taken["status"] == "handed_over"
    assert act(http, conversation_id, "take_over").raise_for_status().json() == taken
    said = act(http, conversation_id, "replies", {"content": "This is Ada.", "author": "Ada"}).raise_for_status().json()
    assert (said["role"], said["author"], said["turn_id"]) == ("colleague", "Ada", None)
    assert say(http, conversation_id, "thank you").json()["content"] == ""
    act(http, conversation_id, "replies", {"content": "Goodbye."}).raise_for_status()
    assert words(http, conversation_id) == [
        ("user", "hello"),
        ("assistant", "You said: hello (0 before, 0 counted)"),
        ("colleague", "This is Ada."),
        ("user", "thank you"),
        ("assistant", ""),
        ("colleague", "Goodbye."),
    ]
    assert act(http, conversation_id, "release").raise_for_status().json()["status"] == "open"
    assert say(http, conversation_id, "and now?").json()["content"].startswith("You said: and now?")


def test_whoever_did_not_say_who_speaks_has_the_name_of_the_key(platform: Platform) -> None:
    with platform.http(platform.key("chat")) as shop:
        conversation_id = begin(shop)
        act(shop, conversation_id, "take_over").raise_for_status()
        assert act(shop, conversation_id, "replies", {"content": "Hi"}).json()["author"] == "a chat key"


def test_a_page_ends_before_what_belongs_to_the_next_one(http: httpx.Client) -> None:
    conversation_id = begin(http)
    act(http, conversation_id, "take_over").raise_for_status()
    for number in range(4):
        act(http, conversation_id, "replies", {"content": f"reply {number}"}).raise_for_status()
        say(http, conversation_id, f"message {number}").raise_for_status()
    act(http, conversation_id, "replies", {"content": "the last"}).raise_for_status()
    every = [content for role, content in words(http, conversation_id) if role != "assistant"]
    path, seen, after = f"/v1/conversations/{conversation_id}/messages", list[str](), ""
    while True:
        page = http.get(path, params={"limit": 1} | ({"after": after} if after else {})).raise_for_status().json()
        seen += [message["content"] for message in page["data"] if message["role"] != "assistant"]
        after = page["last_id"]
        if not page["has_more"]:
            break
    assert (
        seen
        == every
        == ["reply 0", "message 0", "reply 1", "message 1", "reply 2", "message 2", "reply 3", "message 3", "the last"]
    )
    act(http, conversation_id, "replies", {"content": "one more"}).raise_for_status()
    assert words(http, conversation_id, after=after) == [("colleague", "one more")]
    assert http.get(path, params={"after": "item_unknown"}).status_code == 400


def test_nobody_answers_as_a_person_where_the_bot_still_speaks(http: httpx.Client) -> None:
    conversation_id = begin(http)
    refused = act(http, conversation_id, "replies", {"content": "Hello"})
    assert refused.status_code == 409
    assert "take it over first" in refused.json()["error"]["message"]
    act(http, conversation_id, "end").raise_for_status()
    assert act(http, conversation_id, "take_over").status_code == 409


def test_words_with_the_same_idempotency_key_are_said_once(http: httpx.Client) -> None:
    conversation_id = begin(http)
    act(http, conversation_id, "take_over").raise_for_status()
    first, second = (
        act(http, conversation_id, "replies", {"content": "Hello"}, **{"Idempotency-Key": "r-1"})
        .raise_for_status()
        .json()
        for _ in range(2)
    )
    assert first == second
    assert words(http, conversation_id) == [("colleague", "Hello")]


def test_a_card_leads_to_the_web_and_nowhere_else(http: httpx.Client) -> None:
    conversation_id = begin(http)
    act(http, conversation_id, "take_over").raise_for_status()
    for url in ("javascript:alert(1)", "data:text/html,x", "//evil"):
        refused = act(http, conversation_id, "replies", {"content": "Look", "cards": [{"title": "Lamp", "url": url}]})
        assert refused.status_code == 400


@pytest.mark.parametrize("path", ["take_over", "replies", "events"])
def test_a_strangers_conversation_is_not_found(platform: Platform, http: httpx.Client, path: str) -> None:
    conversation_id = begin(http)
    with platform.http(platform.key("chat")) as stranger:
        if path == "events":
            answer = stranger.get(f"/v1/conversations/{conversation_id}/events")
        else:
            answer = act(stranger, conversation_id, path, {"content": "hi"} if path == "replies" else None)
    assert answer.status_code == 404


def test_who_follows_hears_everything_once_and_goes_on_where_they_were(http: httpx.Client) -> None:
    conversation_id = begin(http)
    say(http, conversation_id, "before").raise_for_status()
    with following(http, conversation_id) as events:
        assert next(events)[::2] == ("status", {"status": "open"})
        act(http, conversation_id, "take_over").raise_for_status()
        assert next(events)[::2] == ("status", {"status": "handed_over"})
        act(http, conversation_id, "replies", {"content": "Hello"}).raise_for_status()
        name, position, message = next(events)
        assert (name, message["role"], message["content"]) == ("message", "colleague", "Hello")
        say(http, conversation_id, "hi").raise_for_status()
        assert [next(events)[2]["content"] for _ in range(2)] == ["hi", ""]
    act(http, conversation_id, "replies", {"content": "Still there?"}).raise_for_status()
    with following(http, conversation_id, after=position) as events:
        assert [next(events)[2]["content"] for _ in range(3)] == ["hi", "", "Still there?"]
    refused = http.get(f"/v1/conversations/{conversation_id}/events", params={"after": "nowhere"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "after")


def test_a_key_is_told_what_it_is(platform: Platform, http: httpx.Client) -> None:
    with platform.http(platform.key("train")) as trainer:
        own = trainer.get("/v1/keys/own").raise_for_status().json()
    assert (own["name"], own["role"]) == ("a train key", "train")
    assert "key" not in own
    assert http.get("/v1/keys/own").json()["role"] == "admin"


def test_a_colleagues_words_are_items_of_the_conversation_and_go_with_it(
    platform: Platform, http: httpx.Client
) -> None:
    conversation_id = begin(http)
    act(http, conversation_id, "take_over").raise_for_status()
    act(http, conversation_id, "replies", {"content": "This is Ada."}).raise_for_status()
    with platform.client() as client:
        (item,) = client.conversations.items.list(conversation_id).data
        told = item.to_dict()
        assert (told["role"], told["content"][0]["text"]) == ("assistant", "This is Ada.")  # type: ignore[index]
        client.conversations.delete(conversation_id)
    assert http.get(f"/v1/conversations/{conversation_id}/messages").status_code == 404
