"""A customer's end of a conversation: over a WebSocket, and over event streams."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from services.gateway.conversations.items import message
from shared.storage.chat import conversation_items, conversations
from shared.storage.database.identity import new_id
from shared.storage.tables.core import Turn
from tests.unit.gateway.platform import ADMIN_KEY, Platform, running_platform
from tests.unit.gateway.test_colleagues import act
from tests.unit.gateway.test_conversations import begin, say
from tests.waiting import wait_for


class Ended:
    """A customer's end."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def next(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self.connection.recv(timeout=10))
        return frame

    def until(self, kind: str) -> dict[str, Any]:
        while (frame := self.next())["type"] != kind:
            pass
        return frame

    def say(self, content: str, name: str = "s-1") -> None:
        self.connection.send(json.dumps({"type": "say", "id": name, "content": content}))

    def words(self, count: int) -> list[tuple[str, str]]:
        said = [self.until("message")["message"] for _ in range(count)]
        return [(one["role"], one["content"]) for one in said]


@contextmanager
def opened(
    platform: Platform, conversation_id: str, after: str = "", key: str = ADMIN_KEY, **options: Any
) -> Iterator[Ended]:
    url = f"{platform.url.replace('http', 'ws')}/v1/conversations/{conversation_id}/socket"
    options = {"additional_headers": {"Authorization": f"Bearer {key}"}} | options
    with connect(url + (f"?after={after}" if after else ""), **options) as connection:
        yield Ended(connection)


def streamed(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: ")]


def test_a_customer_speaks_and_is_answered_and_hears_a_colleague(platform: Platform, http: httpx.Client) -> None:
    conversation_id = begin(http)
    with opened(platform, conversation_id) as end:
        assert end.next() == {"type": "status", "position": "0-0", "status": "open"}
        end.say("hello")
        mine, answer = end.next(), end.next()
        assert (mine["message"]["role"], mine["message"]["say"], mine["position"]) == ("customer", "s-1", "0-0")
        assert answer["position"] == "1-0"
        assert answer["message"]["content"] == "You said: hello (0 before, 0 counted)"
        assert answer["message"]["turn_id"] == mine["message"]["turn_id"]
        assert "intent" not in json.dumps(answer), "a customer is not told what was understood"
        act(http, conversation_id, "take_over").raise_for_status()
        assert end.until("status")["status"] == "handed_over"
        act(http, conversation_id, "replies", {"content": "This is Ada.", "author": "Ada"}).raise_for_status()
        heard = end.until("message")["message"]
        assert (heard["role"], heard["author"], heard["content"]) == ("colleague", "Ada", "This is Ada.")
        end.say("thank you", "s-2")
        assert end.until("message")["message"]["content"] == "thank you"
        act(http, conversation_id, "release").raise_for_status()
        assert end.until("status")["status"] == "open"
        end.say("and now?", "s-3")
        assert [role for role, _ in end.words(2)] == ["customer", "bot"]


def test_whoever_comes_back_hears_what_was_missed_once_and_in_order(platform: Platform, http: httpx.Client) -> None:
    conversation_id = begin(http)
    for number in range(3):
        say(http, conversation_id, f"message {number}").raise_for_status()
    act(http, conversation_id, "take_over").raise_for_status()
    act(http, conversation_id, "replies", {"content": "Hello"}).raise_for_status()
    say(http, conversation_id, "hi").raise_for_status()
    with opened(platform, conversation_id) as end:
        assert end.next()["status"] == "handed_over"
        whole = [end.until("message") for _ in range(8)]
    assert len({frame["message"]["id"] for frame in whole}) == 8
    for cut, last in enumerate(
        whole, 1
    ):  # wherever it is cut, nothing is missed, and half a turn at most is told again
        with opened(platform, conversation_id, after=last["position"]) as end:
            left = [end.until("message") for _ in whole[cut:]]
        missed = [frame["message"]["id"] for frame in whole[cut:]]
        told = [frame["message"]["id"] for frame in left]
        assert told == missed or told == [last["message"]["id"], *missed][: len(missed)]
    with pytest.raises(InvalidStatus) as refused, opened(platform, conversation_id, after="nowhere"):
        pass
    assert refused.value.response.status_code == 400


def test_a_long_conversation_is_told_whole(platform: Platform, http: httpx.Client) -> None:
    conversation_id = begin(http)
    act(http, conversation_id, "take_over").raise_for_status()
    say(http, conversation_id, "message 0").raise_for_status()
    for number in range(1, 120):
        with platform.database.transaction() as session:
            first = conversations.turns(session, conversation_id, limit=1).items[0]
            fields = first.model_dump() | {"id": new_id("turn_"), "position": number, "user_text": f"message {number}"}
            state, answer, understanding = first.state, first.answer, first.understanding
            turn = Turn(**fields | {"state": state, "answer": answer, "understanding": understanding})
            assert conversations.store_turns(session, [turn])
        if number in (50, 110):
            act(http, conversation_id, "replies", {"content": f"reply {number}"}).raise_for_status()
    with opened(platform, conversation_id) as end:
        told = [content for _, content in end.words(122)]
    expected = [f"message {number}" for number in range(120)]
    for at in (110, 50):
        expected.insert(at + 1, f"reply {at}")
    assert told == expected


def test_what_is_sent_twice_is_said_once(platform: Platform, http: httpx.Client) -> None:
    conversation_id = begin(http)
    with opened(platform, conversation_id) as end:
        end.say("hello")
        first = end.words(2)
        end.say("hello")
        assert end.words(2) == first
        end.say("something else")
        refused = end.until("error")
        assert (refused["say"], refused["error"]["code"]) == ("s-1", "idempotency_key_reused")
    assert http.get(f"/v1/conversations/{conversation_id}").json()["turns"] == 1


def test_two_who_chose_the_same_name_for_their_words_do_not_meet(platform: Platform, http: httpx.Client) -> None:
    for words in ("one", "two"):
        with opened(platform, begin(http)) as end:
            end.say(words, "1")
            assert end.words(2)[1][1].startswith(f"You said: {words}")


def test_the_other_end_of_the_same_customer_is_told_at_once(platform: Platform, http: httpx.Client) -> None:
    conversation_id = begin(http)
    with opened(platform, conversation_id) as here, opened(platform, conversation_id) as there:
        here.say("hello")
        assert there.words(2) == here.words(2)
        say(http, conversation_id, "over the API").raise_for_status()
        assert there.words(2)[0] == here.words(2)[0] == ("customer", "over the API")


@pytest.mark.parametrize(
    ("sent", "param"),
    [
        ("no json", None),
        ("[]", None),
        ('{"type": "shout"}', None),
        ('{"type": "say", "content": "hi"}', "id"),
        ('{"type": "say", "id": "1", "content": ""}', "content"),
        ('{"type": "say", "id": "1", "content": "%s"}' % ("x" * 10_001), "content"),
        ('{"type": "say", "id": "1", "content": "\\u0000"}', "content"),
        ('{"type": "say", "id": "1", "content": "a", "content": "b"}', "content"),
        (b"\x00\xff", None),
    ],
)
def test_what_is_no_frame_is_told_and_harms_nothing(
    platform: Platform, http: httpx.Client, sent: str | bytes, param: str | None
) -> None:
    with opened(platform, begin(http)) as end:
        end.connection.send(sent)
        error = end.until("error")["error"]
        assert error["type"] == "invalid_request_error"
        assert param is None or param in (error["param"] or "")
        end.connection.send('{"type": "ping"}')
        assert end.until("alive") == {"type": "alive"}


def test_a_frame_that_is_too_large_ends_the_connection(platform: Platform, http: httpx.Client) -> None:
    with opened(platform, begin(http)) as end:
        end.connection.send("x" * (platform.settings.json_limit_bytes + 1))
        with pytest.raises(ConnectionClosed) as closed:
            end.until("never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_a_socket_asks_for_the_same_key_as_everything_else(platform: Platform, http: httpx.Client) -> None:
    conversation_id = begin(http)
    stranger = platform.key("chat")
    for key, status in (("", 401), ("wrong", 401), (stranger, 404)):
        with pytest.raises(InvalidStatus) as refused, opened(platform, conversation_id, key=key):
            pass
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body or b"")["error"]["message"]
    offered = [Subprotocol("parley.v1"), Subprotocol(f"bearer.{ADMIN_KEY}")]
    with opened(platform, conversation_id, additional_headers={}, subprotocols=offered) as end:
        assert end.connection.subprotocol == "parley.v1"
        assert end.next()["type"] == "status"


def test_a_key_s_rate_holds_on_a_socket_and_its_answers_go_on(platform: Platform) -> None:
    key = platform.key("chat", requests_per_minute=3)
    with platform.http(key) as shop:
        conversation_id = begin(shop)
    with opened(platform, conversation_id, key=key) as end:
        end.say("hello")
        assert len(end.words(2)) == 2
        end.say("hello again", "s-2")
        refused = end.until("error")
        assert (refused["say"], refused["error"]["code"]) == ("s-2", "rate_limit_exceeded")


def test_an_ended_conversation_takes_no_words(platform: Platform, http: httpx.Client) -> None:
    conversation_id = begin(http)
    with opened(platform, conversation_id) as end:
        act(http, conversation_id, "end").raise_for_status()
        while end.until("status")["status"] != "ended":
            pass
        end.say("still there?")
        assert end.until("error")["error"]["code"] == "conversation_ended"


def test_event_streams_tell_the_same_as_a_socket(http: httpx.Client) -> None:
    conversation_id = begin(http)
    path = f"/v1/conversations/{conversation_id}/live"
    answered = http.post(path, json={"id": "s-1", "content": "hello"}).raise_for_status()
    frames = streamed(answered)
    assert [frame["type"] for frame in frames] == ["message", "message", "status"]
    assert frames[1]["message"]["content"].startswith("You said: hello")
    with http.stream("GET", path, timeout=10) as response:
        told: list[dict[str, Any]] = []
        for line in response.iter_lines():
            if line.startswith("data: "):
                told.append(json.loads(line[6:]))
            if len(told) == 3:
                break
    assert told[0]["status"] == "open"
    assert [one["message"] for one in told[1:]] == [one["message"] for one in frames[:2]]
    assert http.post(path, json={"id": "s-2", "content": "explode"}).status_code == 400


def test_who_takes_nothing_is_let_go_and_the_rest_is_served(tmp_path: Path) -> None:
    with running_platform(tmp_path, slow_client_seconds=2.0) as platform, platform.http() as http:
        conversation_id = begin(http)
        words = [message("user", "x" * 4_000_000, "input_text")] * 3  # more than the system's buffers take
        with platform.database.transaction() as session:
            conversation_items.add(session, conversation_id, words, 1.0)
        host, port = platform.url.removeprefix("http://").split(":")
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((host, int(port)))
            request = (
                f"GET /v1/conversations/{conversation_id}/socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n"
            )
            deaf.sendall(request.encode())
            wait_for(lambda: _open(platform) == 1, 30, "the socket")
            wait_for(lambda: _open(platform) == 0, 30, "the end of a client that takes nothing")
        with opened(platform, conversation_id, max_size=5_000_000) as end:
            assert len(end.words(3)) == 3


def test_sockets_outlive_the_patience_with_heads_and_end_with_the_gateway(tmp_path: Path) -> None:
    with running_platform(tmp_path, slow_client_seconds=1.5) as platform, platform.http() as http:
        conversation_id = begin(http)
        with opened(platform, conversation_id) as end:
            end.until("status")
            time.sleep(1.8)
            end.say("hello")
            assert len(end.words(2)) == 2
        late = opened(platform, conversation_id)
        kept = late.__enter__()
        kept.until("status")
    with pytest.raises(ConnectionClosed) as closed:
        kept.until("never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    late.__exit__(None, None, None)


def test_there_are_so_many_at_once_and_no_more(tmp_path: Path) -> None:
    with running_platform(tmp_path, sockets_limit=1) as platform, platform.http() as http:
        conversation_id = begin(http)
        with opened(platform, conversation_id) as end:
            end.until("status")
            with pytest.raises(InvalidStatus) as refused, opened(platform, conversation_id):
                pass
            assert refused.value.response.status_code == 429
        wait_for(lambda: _open(platform) == 0, 30, "the end of the socket")
        with opened(platform, conversation_id) as end:
            end.until("status")


def _open(platform: Platform) -> float:
    text = httpx.get(f"{platform.url}/metrics", timeout=60).text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("parley_sockets_open "))


def test_a_customer_must_say_something_and_a_file_has_a_limit(platform: Platform, http: httpx.Client) -> None:
    mine = f"/v1/conversations/{begin(http)}/live"
    wrongs: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "must say something"),
        ({"picture": "https://elsewhere.example/a.png"}, "data: URL"),
        ({"picture": "data:image/png;base64,?"}, "not base64"),
        ({"sound": "?"}, "not base64"),
        ({"sound": "A" * (4 * 1024 * 1024 + 1)}, "sound"),
    )
    for wrong, why in wrongs:
        answered = http.post(mine, json={"id": "s", **wrong})
        assert (answered.status_code, why in answered.json()["error"]["message"]) == (400, True), answered.text[:300]
