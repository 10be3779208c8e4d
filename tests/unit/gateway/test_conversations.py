from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.unit.gateway.platform import Platform


def begin(http: httpx.Client, **body: Any) -> str:
    return str(http.post("/v1/conversations", json=body).raise_for_status().json()["id"])


def say(http: httpx.Client, conversation_id: str, text: str, **headers: str) -> httpx.Response:
    return http.post(f"/v1/conversations/{conversation_id}/messages", json={"content": text}, headers=headers)


def test_a_conversation_remembers_and_lists_what_was_said(http: httpx.Client) -> None:
    conversation_id = begin(http, metadata={"channel": "shop"})
    first = say(http, conversation_id, "hello you").json()
    assert first["role"] == "assistant"
    assert first["content"] == "You said: hello you (0 before, 0 counted)"
    assert first["parley"]["intent"]["name"] == "hello"
    assert first["usage"]["prompt_tokens"] == 2
    assert say(http, conversation_id, "once more").json()["content"] == "You said: once more (1 before, 1 counted)"
    state = http.get(f"/v1/conversations/{conversation_id}").json()
    assert (state["turns"], state["status"], state["metadata"]) == (2, "open", {"channel": "shop"})
    listed = http.get(f"/v1/conversations/{conversation_id}/messages").json()
    assert [message["role"] for message in listed["data"]] == ["user", "assistant"] * 2
    assert [message["content"] for message in listed["data"]][::2] == ["hello you", "once more"]
    assert listed["has_more"] is False


def test_messages_are_paged_by_the_last_id(http: httpx.Client) -> None:
    conversation_id = begin(http)
    for number in range(5):
        say(http, conversation_id, f"message {number}").raise_for_status()
    path, seen, after = f"/v1/conversations/{conversation_id}/messages", list[str](), ""
    while True:
        page = http.get(path, params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [message["content"] for message in page["data"] if message["role"] == "user"]
        after = page["last_id"]
        if not page["has_more"]:
            break
    assert seen == [f"message {number}" for number in range(5)]
    assert http.get(path, params={"after": "turn_unknown.user"}).status_code == 400


def test_conversations_are_listed_newest_first_and_by_status(platform: Platform, http: httpx.Client) -> None:
    with platform.http(platform.key("chat")) as shop:
        strangers = begin(http)
        mine = [begin(shop) for _ in range(3)]
        say(shop, mine[1], "person").raise_for_status()
        first = shop.get("/v1/conversations", params={"limit": 2}).raise_for_status().json()
        rest = shop.get("/v1/conversations", params={"limit": 2, "after": first["last_id"]}).raise_for_status().json()
        assert [found["id"] for found in first["data"] + rest["data"]] == mine[::-1]
        assert (first["has_more"], rest["has_more"]) == (True, False)
        handed_over = shop.get("/v1/conversations", params={"status": "handed_over"}).json()["data"]
        assert [found["id"] for found in handed_over] == [mine[1]]
        assert shop.get("/v1/conversations", params={"after": strangers}).status_code == 404
        assert shop.get("/v1/conversations", params={"status": "lost"}).json()["error"]["param"] == "status"
    everybodys = http.get("/v1/conversations", params={"limit": 100}).json()["data"]
    assert {strangers, *mine} <= {found["id"] for found in everybodys}


def test_once_a_person_has_taken_over_the_bot_is_silent(http: httpx.Client) -> None:
    conversation_id = begin(http)
    assert say(http, conversation_id, "person").json()["parley"]["handover"] == "requested"
    silent = say(http, conversation_id, "are you there").json()
    assert silent["content"] == ""
    assert silent["parley"]["answer_kind"] == "silent"
    assert http.get(f"/v1/conversations/{conversation_id}").json()["status"] == "handed_over"


def test_an_ended_conversation_takes_no_message(http: httpx.Client) -> None:
    conversation_id = begin(http)
    for _ in range(2):
        ended = http.post(f"/v1/conversations/{conversation_id}/end").raise_for_status().json()
        assert ended["status"] == "ended"
        assert ended["ended_at"]
    refused = say(http, conversation_id, "hello")
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "conversation_ended"


def test_a_conversation_belongs_to_its_key(http: httpx.Client, platform: Platform) -> None:
    with platform.http(platform.key("chat")) as owner, platform.http(platform.key("train")) as stranger:
        conversation_id = begin(owner)
        assert say(owner, conversation_id, "mine").status_code == 200
        path = f"/v1/conversations/{conversation_id}"
        assert stranger.get(path).status_code == 404
        assert stranger.get(f"{path}/messages").status_code == 404
        assert stranger.post(f"{path}/end").status_code == 404
        assert say(stranger, conversation_id, "mine too").status_code == 404
        assert http.get(path).status_code == 200, "admins see all"


def test_repeated_and_simultaneous_messages_with_one_key_are_one_turn(http: httpx.Client) -> None:
    conversation_id = begin(http)
    with ThreadPoolExecutor(6) as pool:
        replies = list(
            pool.map(lambda _: say(http, conversation_id, "just once", **{"Idempotency-Key": "k-1"}), range(6))
        )
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert http.get(f"/v1/conversations/{conversation_id}").json()["turns"] == 1


def test_unknown_conversation_is_404(http: httpx.Client) -> None:
    assert http.get("/v1/conversations/conv_x").json()["error"]["code"] == "not_found"
    assert say(http, "conv_x", "hello").status_code == 404


def test_any_script_survives_the_round_trip(http: httpx.Client) -> None:
    conversation_id = begin(http)
    text = "Wo ist 我的订单? 🙂 e\u0301 \u202eabc\u2028end"
    assert say(http, conversation_id, text).status_code == 200
    assert http.get(f"/v1/conversations/{conversation_id}/messages").json()["data"][0]["content"] == text


def test_a_person_gives_the_conversation_back(http: httpx.Client) -> None:
    conversation_id = begin(http)
    path = f"/v1/conversations/{conversation_id}"
    early = http.post(f"{path}/release")
    assert (early.status_code, early.json()["error"]["param"]) == (409, "conversation_id")
    say(http, conversation_id, "person")
    assert say(http, conversation_id, "anyone?").json()["content"] == ""
    released = http.post(f"{path}/release").raise_for_status().json()
    assert released["status"] == "open"
    assert released["standing"] == {"flow": None, "asked": None, "confirming": False, "values": {}, "waiting": []}
    assert say(http, conversation_id, "hello again").json()["content"].startswith("You said: hello again")
    assert http.post("/v1/conversations/conv_unknown/release").status_code == 404
