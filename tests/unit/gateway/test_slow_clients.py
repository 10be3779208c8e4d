"""Clients that take their time, or more room than they need, at a real socket: they are cut off, and nobody else notices."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.unit.gateway.platform import ADMIN_KEY, Platform, asked, running_platform

PATIENCE = 1.0
UPLOADS = 3
#: Seconds that a busy machine may be late.
SLACK = 8.0
GIGABYTE = 1024**3
HEAD = f"POST {{}} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_KEY}\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("impatient")
    with running_platform(
        home, slow_client_seconds=PATIENCE, upload_limit_bytes=8 * 1024**2, uploads_limit=UPLOADS
    ) as platform:
        yield platform


@contextlib.contextmanager
def connected(platform: Platform) -> Iterator[socket.socket]:
    parts = urlsplit(platform.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side hangs up."""
    told = b""
    with contextlib.suppress(ConnectionResetError):
        while some := connection.recv(65536):
            told += some
    return told


def trickle(connection: socket.socket, byte: bytes, seconds: float) -> None:
    """Send a byte every tenth of a second until nobody takes it any more."""
    end = time.monotonic() + seconds
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while time.monotonic() < end:
            connection.sendall(byte)
            time.sleep(0.1)


def refusal(told: bytes) -> tuple[int, str]:
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]["code"]


@pytest.mark.parametrize(
    "begun", [b"", b"\r\n", b"GET / HTTP/1.1\r\nX: "], ids=["silent", "blank lines", "half a head"]
)
def test_who_never_ends_a_head_is_cut_off(impatient: Platform, begun: bytes) -> None:
    with connected(impatient) as connection:
        began = time.monotonic()
        connection.sendall(begun)
        told = read_all(connection)
        assert time.monotonic() - began < PATIENCE + SLACK
    if begun.startswith(b"GET"):
        assert refusal(told) == (408, "request_timeout")
    else:
        assert told == b""


@pytest.mark.parametrize("byte", [b"x", b"\r\n"])
def test_who_sends_a_head_byte_by_byte_is_cut_off(impatient: Platform, byte: bytes) -> None:
    with connected(impatient) as connection:
        if byte == b"x":
            connection.sendall(b"GET /health HTTP/1.1\r\nX-Slow: ")
        began = time.monotonic()
        trickle(connection, byte, PATIENCE + SLACK)
        assert time.monotonic() - began < PATIENCE + SLACK


def test_blank_lines_after_an_answer_keep_no_connection(impatient: Platform) -> None:
    with connected(impatient) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        trickle(connection, b"\r\n", PATIENCE + SLACK)
        assert time.monotonic() - began < PATIENCE + SLACK


def test_who_sends_a_body_byte_by_byte_is_told_so_and_cut_off(impatient: Platform) -> None:
    with connected(impatient) as connection:
        connection.sendall((HEAD.format("/v1/analyze") + "Content-Length: 100000\r\n\r\n").encode())
        began = time.monotonic()
        trickle(connection, b" ", PATIENCE + 1.0)
        told = read_all(connection)
        assert time.monotonic() - began < PATIENCE + SLACK
    assert refusal(told) == (408, "request_timeout")


def test_a_slow_but_steady_body_is_taken(impatient: Platform) -> None:
    body = json.dumps({"input": "hello " * 1_500, "model": "parley"}).encode()
    with connected(impatient) as connection:
        connection.sendall((HEAD.format("/v1/embeddings") + f"Content-Length: {len(body)}\r\n\r\n").encode())
        for start in range(0, len(body), 3_000):
            connection.sendall(body[start : start + 3_000])
            time.sleep(0.2)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_head_without_an_end_is_refused_by_its_size(impatient: Platform) -> None:
    with connected(impatient) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\n")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for number in range(10_000):
                connection.sendall(f"X-{number}: {'a' * 1000}\r\n".encode())
        assert read_all(connection)[:12] in (b"HTTP/1.1 431", b"")


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01", b"GET /\xff HTTP/1.1\r\n\r\n", b"hello\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n"],
)
def test_what_is_no_http_is_refused_in_our_words(impatient: Platform, sent: bytes) -> None:
    with connected(impatient) as connection:
        connection.sendall(sent)
        assert refusal(read_all(connection))[0] == 400


def test_two_hundred_slow_clients_keep_nobody_else_waiting(impatient: Platform) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(impatient)) for _ in range(200)]
        for connection in slow:
            connection.sendall((HEAD.format("/v1/analyze") + "Content-Length: 9000\r\n\r\n{").encode())
        began = time.monotonic()
        answer = impatient.client().chat.completions.create(model="parley", messages=asked("hello there"))
        assert answer.choices[0].message.content
        assert time.monotonic() - began < 5.0
        told = [read_all(connection) for connection in slow]
    # Where the loop is late itself, the head's time is over before it is read: such a client is cut off without a word.
    assert {refusal(words) for words in told if words} == {(408, "request_timeout")}


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_an_upload_of_two_gigabytes_is_refused_without_being_kept(impatient: Platform, *, declared: bool) -> None:
    frame = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    length = f"Content-Length: {2 * GIGABYTE}" if declared else "Transfer-Encoding: chunked"
    head = HEAD.format("/v1/files").replace("application/json", "multipart/form-data; boundary=x") + length + "\r\n\r\n"
    process = psutil.Process()
    before, sent = process.memory_info().rss, 0
    block = b"\0" * 1024**2
    with connected(impatient) as connection:
        connection.sendall(head.encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(frame if declared else b"%x\r\n%s\r\n" % (len(frame), frame))
            while sent < 2 * GIGABYTE and not answered(connection):
                connection.sendall(block if declared else b"%x\r\n%s\r\n" % (len(block), block))
                sent += len(block)
        told = connection.recv(65536)
    assert told.startswith(b"HTTP/1.1 413")
    assert b"request_too_large" in told
    assert sent < 100 * 1024**2, "the refusal does not wait for the end"
    assert process.memory_info().rss - before < 100 * 1024**2
    assert [path for path in (impatient.settings.home / "artifacts").rglob("*") if path.is_file()] == []


def test_uploads_beyond_the_limit_are_refused_until_one_has_ended(impatient: Platform) -> None:
    head = HEAD.format("/v1/files").replace("application/json", "multipart/form-data; boundary=x")
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(impatient)) for _ in range(UPLOADS)]
        for connection in slow:
            connection.sendall(f"{head}Content-Length: 9000\r\n\r\n--x".encode())
        refused = upload(impatient)
        while refused.is_success and not answered(slow[0]):  # the others have not all been noticed yet
            refused = upload(impatient)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        assert refused.headers["retry-after"] == "5"
        told = [read_all(connection) for connection in slow]
    # Where the loop is late itself, the head's time is over before it is read: such a client is cut off without a word.
    assert {refusal(words) for words in told if words} == {(408, "request_timeout")}
    assert upload(impatient).is_success


def upload(platform: Platform) -> httpx.Response:
    with platform.http() as http:
        return http.post("/v1/files", data={"purpose": "evals"}, files={"file": ("a.txt", b"x")})


def answered(connection: socket.socket) -> bool:
    """Whether there is something to read."""
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(30)
