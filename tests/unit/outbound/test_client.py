from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.outbound import client as outbound
from shared.outbound.client import OutboundClient, OutboundRefused
from tests.receiver import receiving

LOCAL = [ip_network("127.0.0.0/8")]


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of raw bytes: ``answer`` gets the connection once the request's head has come."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        server.shutdown(socket.SHUT_RDWR)


def test_a_message_arrives_whole_and_any_status_is_an_answer() -> None:
    with receiving() as receiver:
        receiver.answers = [503]
        reply = OutboundClient(LOCAL).send("POST", f"{receiver.url}?a=b%20c", headers={"X-A": "1"}, body=b"words")
    assert (reply.status, reply.headers["content-length"]) == (503, "0")
    got = receiver.received[0]
    assert (got.path, got.body, got.headers["x-a"]) == ("/hook?a=b%20c", b"words", "1")
    assert got.headers["host"] == receiver.url.split("/")[2]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://localhost/",
    ],
)
def test_what_leads_inside_is_refused_before_anything_is_sent(url: str) -> None:
    client = OutboundClient()
    with pytest.raises(OutboundRefused, match="public"):
        client.check(url)
    with pytest.raises(OutboundRefused, match="public"):
        client.send("POST", url, body=b"x")


@pytest.mark.parametrize(
    "url",
    ["", "ftp://1.1.1.1/", "//1.1.1.1/", "https://", "https://user:pw@1.1.1.1/", "http://[1.1.1.1/", "http://1.1.1.1/"],
)
def test_what_is_no_address_of_ours_is_refused(url: str) -> None:
    with pytest.raises(OutboundRefused):
        OutboundClient().check(url)


def test_a_name_that_changes_its_address_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is asked once for each exchange, and the connection goes to what was judged then."""
    answers = [["93.184.216.34"], ["127.0.0.1"]]

    def look_up(host: str, port: int, **_options: Any) -> list[Any]:
        found = answers.pop(0) if answers else ["127.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        client = OutboundClient()
        client.check(f"https://rebinding.example:{port}/hook")
        with pytest.raises(OutboundRefused):
            client.send("POST", f"https://rebinding.example:{port}/hook", timeout=5)
    assert receiver.received == []


def test_the_connection_goes_to_the_judged_address_whatever_the_system_would_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        monkeypatch.setattr(outbound, "resolved", lambda _host, _port: [ip_network("127.0.0.1").network_address])
        reply = OutboundClient(LOCAL).send("POST", f"http://no.such.name.invalid:{port}/hook", body=b"x")
    assert reply.status == 200
    assert receiver.received[0].headers["host"] == f"no.such.name.invalid:{port}"


def test_one_that_answers_byte_by_byte_ends_with_the_time() -> None:
    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        try:
            while True:
                connection.sendall(b"a")
                time.sleep(0.02)
        except OSError:
            return

    began = time.monotonic()
    with listening(trickle) as url, pytest.raises(Unavailable, match="in time"):
        OutboundClient(LOCAL).send("GET", url, timeout=0.3)
    assert time.monotonic() - began < 5


def test_a_long_answer_is_cut_and_says_so() -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 10_000)

    with listening(talk) as url:
        reply = OutboundClient(LOCAL).send("GET", url, max_bytes=100)
    assert (reply.body, reply.truncated) == (b"a" * 100, True)


def test_redirects_are_followed_if_asked_and_judged_like_the_first_address() -> None:
    targets = ["/two", "https://10.0.0.1/"]

    def send_on(connection: socket.socket) -> None:
        location = targets.pop(0)
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    with listening(send_on) as url:
        assert OutboundClient(LOCAL).send("POST", url).status == 302
        targets.insert(0, "/two")
        with pytest.raises(OutboundRefused):
            OutboundClient(LOCAL).send("GET", url, redirects=5)


def test_nobody_there_is_told_as_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unavailable, match="cannot be called"):
        OutboundClient(LOCAL).send("POST", f"http://127.0.0.1:{port}/")
    with pytest.raises(Unavailable):
        OutboundClient(LOCAL).send("POST", "https://no.such.name.invalid/")
