"""``python -m tests.load.recommendation_latency [ITEMS ...]``: how fast made-up catalogs are filled and asked.

A gateway and recommendation as processes on RabbitMQ and PostgreSQL, as in production; beside them, in one process, the bare index and ranker.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import psutil

from services.recommendation.live_catalog import LiveCatalog
from services.recommendation.offering import offer
from services.recommendation.person import person
from shared.contracts.knowledge.recommendation import RecommendItems
from shared.tasks.recommendation.record import EventRow, ItemRow, parse_event, parse_item
from tests.infrastructure import free_port
from tests.integration.places import Place, place

ROOT = Path(__file__).parents[2]
KEY = "key-of-the-benchmark"

_CLIENTS = 8
_SECONDS = 15.0
_EVENTS = 100_000
_LINES = 10_000
_KINDS = ("shoes", "lamp", "tea", "table", "novel", "jacket", "phone", "bicycle", "guitar", "garden")
_WORDS = ("red", "green", "small", "light", "old", "new", "soft", "strong", "quiet", "round", "wooden", "warm")


def main() -> None:
    """Measure one size after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", nargs="*", type=int, default=[10_000, 200_000])
    for count in parser.parse_args().items:
        with TemporaryDirectory() as folder, place("stack", Path(folder)) as where, running(where) as (url, member):
            found = asyncio.run(_measured(url, count, member)) | {"memory_mb": member.memory_info().rss // 1_000_000}
        found["bare_a_second"] = _bare(count)
        found["of_bare"] = found["a_second"] / found["bare_a_second"]
        print(json.dumps({"items": count} | {name: round(value, 2) for name, value in found.items()}), flush=True)


@contextmanager
def running(where: Place) -> Iterator[tuple[str, psutil.Process]]:
    """Both processes; yields the URL, and the process of recommendation."""
    port = free_port()
    extra = {"PARLEY_PORT": str(port), "PARLEY_API_KEY": KEY, "PARLEY_REQUESTS_PER_MINUTE": "10000000"}
    environment = {**os.environ, **where.environment(), **extra, "PARLEY_LOG_LEVEL": "error"}
    with ExitStack() as stack:
        members = []
        for name in ("recommendation", "gateway"):
            member = subprocess.Popen([sys.executable, "-m", f"services.{name}"], env=environment, cwd=ROOT)
            stack.callback(member.wait)
            stack.callback(member.terminate)
            members.append(member)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield url, psutil.Process(members[0].pid)


def items(count: int) -> list[dict[str, Any]]:
    """Made up."""
    rng = np.random.default_rng(0)
    picked = rng.integers(len(_WORDS), size=(count, 4))
    return [
        {
            "item_id": f"item {number}",
            "text": f"{' '.join(_WORDS[word] for word in picked[number])} {_KINDS[number % len(_KINDS)]} {number}",
            "categories": [_KINDS[number % len(_KINDS)]],
            "price": 1.0 + number % 97,
        }
        for number in range(count)
    ]


def events(count: int, catalog: int) -> list[dict[str, Any]]:
    """Made up: some items are chosen far more than others."""
    rng = np.random.default_rng(1)
    chosen = (rng.pareto(1.2, count) * catalog / 50).astype(int) % catalog
    people = rng.integers(count // 20, size=count)
    return [
        {
            "event_id": f"event {number}",
            "user_id": f"user {people[number]}",
            "item_id": f"item {chosen[number]}",
            "type": "purchase",
            "timestamp": 1_700_000_000 + number,
        }
        for number in range(count)
    ]


async def _measured(url: str, count: int, member: psutil.Process) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=600) as http:
        (await http.post("/v1/catalogs", json={"id": "bench"})).raise_for_status()
        found = {"items_a_second": await _sent(http, "PUT", "items", items(count))}
        found["events_a_second"] = await _sent(http, "POST", "events", events(_EVENTS, count))
        started = time.perf_counter()
        while (await http.post("/v1/recommendations", json={"catalog": "bench", "n": 1})).status_code != 200:
            await asyncio.sleep(0.5)
        found["ready_seconds"] = time.perf_counter() - started
        seconds: list[float] = []
        ends = time.perf_counter() + _SECONDS
        began, spent = time.perf_counter(), _spent(member)
        await asyncio.gather(*(_client(http, number, ends, seconds) for number in range(_CLIENTS)))
        found["a_second"] = len(seconds) / (time.perf_counter() - began)
        found["cpu_ms"] = 1e3 * (_spent(member) - spent) / len(seconds)
        found |= {"p50_ms": 1e3 * median(seconds), "p99_ms": 1e3 * float(np.quantile(seconds, 0.99))}
        return found


def _spent(member: psutil.Process) -> float:
    """Seconds of a core that a process has used: what others do on the machine changes them less than its latency."""
    used = member.cpu_times()
    return float(used.user + used.system)


async def _sent(http: httpx.AsyncClient, method: str, what: str, rows: list[dict[str, Any]]) -> float:
    bodies = [
        "\n".join(json.dumps(row) for row in rows[start : start + _LINES]).encode()
        for start in range(0, len(rows), _LINES)
    ]
    kind = {"Content-Type": "application/x-ndjson"}
    started = time.perf_counter()
    for body in bodies:
        reply = await http.request(method, f"/v1/catalogs/bench/{what}", content=body, headers=kind)
        reply.raise_for_status()
    return len(rows) / (time.perf_counter() - started)


async def _client(http: httpx.AsyncClient, number: int, ends: float, seconds: list[float]) -> None:
    asked = number
    while time.perf_counter() < ends:
        started = time.perf_counter()
        body = {"catalog": "bench", "user_id": f"user {asked % 5_000}", "n": 10}
        (await http.post("/v1/recommendations", json=body)).raise_for_status()
        seconds.append(time.perf_counter() - started)
        asked += _CLIENTS


def _bare(count: int) -> float:
    """Offers a second of the index and ranker alone, in this process."""
    live = LiveCatalog(0, None)
    rows: list[ItemRow] = [parse_item(row) for row in items(count)]
    live.put(rows, live.vectors(rows), [])
    with ThreadPoolExecutor(1) as pool:
        live.keep_index(pool.submit)
    live.keep_index(pool.submit)
    told: list[EventRow] = [parse_event(row) for row in events(_EVENTS, count)]
    live.count(told)
    mine: dict[str, list[EventRow]] = {}
    for one in told:
        mine.setdefault(one.who, []).append(one)
    people = list(mine.values())[:500]
    started, ends, done = time.perf_counter(), time.perf_counter() + _SECONDS / 2, 0
    question = RecommendItems(catalog="bench", who="u:somebody")
    while time.perf_counter() < ends:
        offer(live, question, person(people[done % len(people)]), time.time())
        done += 1
    return done / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
