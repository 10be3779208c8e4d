"""Customers' sockets beside the API: what an answer costs over one, and what one holds in memory.

``python -m tests.load.sockets [CONVERSATIONS]``: so many open sockets, each with a customer who speaks now and then; in between the
same words over ``POST …/messages``, so that whatever else the machine does meets both. The gateway is a process of its own; nlu and generation echo.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import httpx
import psutil
from websockets.asyncio.client import ClientConnection, connect

from tests.unit.gateway.platform import ADMIN_KEY, running_platform

#: Messages a second of all customers together, and of each.
RATE, ROUNDS = 40.0, 2
_AUTHORIZED = {"Authorization": f"Bearer {ADMIN_KEY}"}


def gateway(home: str, pipe: Connection) -> None:
    """A process: it, and services that echo."""
    with running_platform(Path(home), requests_per_minute=10_000_000, sockets_limit=10_000) as platform:
        pipe.send(platform.url)
        pipe.recv()


async def paced(count: int, ask: Callable[[int], Coroutine[None, None, float]]) -> list[float]:
    """Ask ``count`` times at the rate; seconds of each."""
    began, tasks = time.perf_counter(), []
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(number)))
    return list(await asyncio.gather(*tasks))


async def measure(url: str, pid: int, conversations: int) -> None:
    """One run."""
    process = psutil.Process(pid)
    async with httpx.AsyncClient(base_url=url, headers=_AUTHORIZED, timeout=60) as http, AsyncExitStack() as stack:
        made = [(await http.post("/v1/conversations")).json()["id"] for _ in range(2 * conversations)]
        posted, live = made[:conversations], made[conversations:]

        async def post(number: int) -> float:
            began = time.perf_counter()
            content = {"content": f"message {number}"}
            (
                await http.post(f"/v1/conversations/{posted[number % conversations]}/messages", json=content)
            ).raise_for_status()
            return time.perf_counter() - began

        await paced(200, post)  # warm
        before = process.memory_info().rss
        sockets: list[ClientConnection] = []
        for name in live:
            address = f"{url.replace('http', 'ws')}/v1/conversations/{name}/socket"
            opened = connect(address, additional_headers=_AUTHORIZED, compression=None, ping_interval=None)
            sockets.append(await stack.enter_async_context(opened))
            await sockets[-1].recv()
        held = (process.memory_info().rss - before) / conversations

        async def say(number: int) -> float:
            socket, began = sockets[number % conversations], time.perf_counter()
            await socket.send(json.dumps({"type": "say", "id": str(number), "content": f"message {number}"}))
            while json.loads(await socket.recv()).get("message", {}).get("role") != "bot":
                pass
            return time.perf_counter() - began

        async def either(number: int) -> float:
            return await (say if number % 2 else post)(number // 2)

        seconds = await paced(2 * ROUNDS * conversations, either)
        over_http, over_socket = seconds[::2], seconds[1::2]
    report(conversations, over_http, over_socket, held)


def report(conversations: int, over_http: list[float], over_socket: list[float], held: float) -> None:
    """A table."""
    print(f"| {conversations} conversations, {RATE:g} messages a second | p50 ms | p99 ms |\n|---|---|---|")
    for name, seconds in (("POST …/messages", over_http), ("WebSocket", over_socket)):
        cuts = quantiles(seconds, n=100)
        print(f"| {name} | {cuts[49] * 1000:.1f} | {cuts[98] * 1000:.1f} |")
    added = (quantiles(over_socket, n=100)[98] - quantiles(over_http, n=100)[98]) * 1000
    print(f"\nAdded at p99: {added:.1f} ms. Memory of an open socket: {held / 1024:.0f} KiB.")


def main() -> None:
    """Run it."""
    conversations = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    processes = get_context("spawn")
    with ExitStack() as stack:
        home = stack.enter_context(TemporaryDirectory())
        here, there = processes.Pipe()
        child = processes.Process(target=gateway, args=(home, there), daemon=True)
        child.start()
        url = here.recv()
        assert child.pid is not None
        asyncio.run(measure(url, child.pid, conversations))
        here.send(None)
        child.join()


if __name__ == "__main__":
    main()
