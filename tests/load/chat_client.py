"""``python -m tests.load.chat_client``: asks for chat completions over HTTP, and prints what it saw as one line of JSON.

A bare client on asyncio, since a comfortable one would take more of the machine than the server does. Two ways: closed
(each client asks again as soon as it was answered) and open (requests begin at a fixed rate, whatever the server does).
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import uvloop

from shared.starter import utterances
from tests.load.http_connection import Connection


@dataclass(frozen=True)
class Seen:
    """What the clients saw."""

    seconds: float
    statuses: dict[str, int]
    """Answers by status; ``broken`` counts connections that ended without one."""
    p50: float
    """Milliseconds of an accepted request, from its sending (open: from the time it was due)."""
    p99: float
    cpu: float
    """Seconds of CPU of this process."""
    unhelpful: int
    """RefusalLog (429) without ``Retry-After``."""

    @property
    def answered(self) -> int:
        """Requests answered with 200."""
        return self.statuses.get("200", 0)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


class Load:
    """Requests under way, and what came of them.

    Args:
        requests: The bytes of one request after another, without end.
        until: Second of the monotonic clock at which no request begins any more.
    """

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self._requests = requests
        self._until = until
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._unhelpful = 0

    async def closed(self, host: str, port: int) -> None:
        """One client after the other's answer."""
        connection = await Connection.open(host, port)
        while (began := time.monotonic()) < self._until:
            connection = await self._ask(connection, host, port, began)
        connection.close()

    async def open(self, host: str, port: int, rate: float, connections: int) -> None:
        """Requests at ``rate`` a second; one that finds no connection free is late, and its wait counts."""
        due_at: asyncio.Queue[float] = asyncio.Queue()

        async def client() -> None:
            connection = await Connection.open(host, port)
            while (due := await due_at.get()) >= 0.0:
                connection = await self._ask(connection, host, port, due)
            connection.close()

        clients = [asyncio.create_task(client()) for _ in range(connections)]
        for due in itertools.count(time.monotonic(), 1.0 / rate):
            if due >= self._until:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due_at.put_nowait(due)
        for _ in clients:
            due_at.put_nowait(-1.0)
        await asyncio.gather(*clients)

    def seen(self, seconds: float) -> Seen:
        """The sum of it."""
        self._latencies.sort()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return Seen(
            seconds=seconds,
            statuses=dict(self._statuses),
            p50=self._percentile(0.50),
            p99=self._percentile(0.99),
            cpu=usage.ru_utime + usage.ru_stime,
            unhelpful=self._unhelpful,
        )

    async def _ask(self, connection: Connection, host: str, port: int, began: float) -> Connection:
        try:
            answer = await connection.ask(next(self._requests))
        except ConnectionError:
            self._statuses["broken"] += 1
            return await Connection.open(host, port)
        self._statuses[str(answer.status)] += 1
        if answer.status == 200:
            self._latencies.append(1e3 * (time.monotonic() - began))
        elif answer.status == 429 and answer.retry_after is None:
            self._unhelpful += 1
        return connection

    def _percentile(self, share: float) -> float:
        return self._latencies[int(share * (len(self._latencies) - 1))] if self._latencies else float("nan")


def texts() -> list[str]:
    """What customers say in the benchmarks: the starter's utterances, in an order of their own."""
    rows = [json.loads(line)["text"] for line in utterances().read_text("utf-8").splitlines()]
    return sorted(rows, key=hash_of)


def hash_of(text: str) -> int:
    """Some order that is the same on every machine."""
    return int.from_bytes(text.encode()[:8], "little") * 2654435761 % 2**32


#: Where a turn is asked for, and the field that its words stand in.
ENDPOINTS = {"chat": ("/v1/chat/completions", "messages"), "responses": ("/v1/responses", "input")}


def requests(host: str, port: int, key: str, endpoint: str) -> Iterator[bytes]:
    """Single turns, each of a conversation of its own."""
    path, field = ENDPOINTS[endpoint]
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    made = []
    for text in texts():
        body = json.dumps({"model": "parley", field: [{"role": "user", "content": text}]}).encode()
        made.append(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return itertools.cycle(made)


async def _run(options: argparse.Namespace) -> Seen:
    began = time.monotonic()
    load = Load(requests(options.host, options.port, options.key, options.endpoint), began + options.seconds)
    if options.rate:
        await load.open(options.host, options.port, options.rate, options.clients)
    else:
        await asyncio.gather(*(load.closed(options.host, options.port) for _ in range(options.clients)))
    return load.seen(time.monotonic() - began)


def main() -> None:
    """Put load on a gateway, and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--endpoint", choices=list(ENDPOINTS), default="chat")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, help="requests a second; without it each client waits for its answer")
    print(json.dumps(asdict(uvloop.run(_run(parser.parse_args())))), flush=True)


if __name__ == "__main__":
    main()
