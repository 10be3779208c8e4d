"""``python -m tests.load.documents``: documents from HTTP to the committed trend, beside the model alone on the same texts.

One run: first a reader with the model in this process (tokenizer and onnxruntime, every core, nothing else); then gateway, nlu and monitoring as
processes on RabbitMQ and PostgreSQL, which take the same texts as NDJSON; then the same with monitoring away while they are sent (a backlog), which
has to be counted without loss when it comes back. The model has MiniLM's size and random weights: what it says does not matter here.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from shared.artifacts.bundle import Bundle
from shared.inference.reader import TextReader
from tests.bundles import MINILM, Recipe, tiny_bundle
from tests.load.chat_model import MODEL_ID
from tests.load.chat_stack import Stack, stack

#: Documents of one call.
_PER_CALL = 5_000
_AT_ONCE = 64
_WATCHED = (
    "Nordwind Energy",
    "Kestrel Motors",
    "Goldhaven Bank",
    "海川能源",
    "Orla Foods",
    "Tessera Chips",
    "Larkfield Air",
    "金石银行",
)
_VERBS = (
    "jumps",
    "slides",
    "is flat",
    "raises its outlook",
    "cuts jobs",
    "wins a contract",
    "misses estimates",
    "names a chief",
    "halts output",
)
_WHY = (
    "after results",
    "on weak demand",
    "as rates rise",
    "despite a strike",
    "in early trade",
    "amid talks",
    "before the vote",
    "on a rumour",
)


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000, help="sent (default: 20000)")
    parser.add_argument("--backlog", type=int, default=10_000, help="sent while monitoring is away (default: 10000)")
    asked = parser.parse_args()
    texts = _texts(asked.documents)
    with TemporaryDirectory(prefix="parley-documents-") as folder:
        bundle = tiny_bundle(Path(folder) / "bundle", Recipe(MODEL_ID, size=MINILM, max_length=64))
        alone = _alone(bundle, texts[: min(len(texts), 10_000)])
        print(f"the model alone: {alone:.0f} texts/s", flush=True)
        with stack(bundle, {"PARLEY_NAMED_MODELS": "1"}) as running:
            running.start("nlu", "services.nlu")
            running.wait_until_answering()
            _flow(running, texts, alone)
            _outage(running, asked.backlog)


def _alone(bundle: Bundle, texts: Sequence[str]) -> float:
    reader = TextReader.from_bundle(Bundle.open(bundle.folder), threads=os.cpu_count() or 1)
    reader.read(list(texts[:_AT_ONCE]))
    began = time.perf_counter()
    for start in range(0, len(texts), _AT_ONCE):
        reader.read(list(texts[start : start + _AT_ONCE]))
    spent = time.perf_counter() - began
    reader.close()
    return len(texts) / spent


def _flow(running: Stack, texts: Sequence[str], alone: float) -> None:
    memory = []
    with running.platform.http() as http:
        _declare(http, "flow")
        began = time.perf_counter()
        for call in _calls(texts):
            _send(http, "flow", call)
        sent = time.perf_counter() - began
        while (counted := _counted(http, "flow")) < len(texts):
            memory.append(_megabytes(running, "monitoring"))
            time.sleep(0.5)
        spent = time.perf_counter() - began
    rate = counted / spent
    print(
        f"accepted after {sent:.1f} s, counted after {spent:.1f} s: {rate:.0f} documents/s, {rate / alone:.2f} of the model alone",
        flush=True,
    )
    quarters = [memory[place * (len(memory) - 1) // 3] for place in range(4)] if memory else []
    print(f"memory of monitoring over the run, MB: {' '.join(f'{one:.0f}' for one in quarters)}", flush=True)


def _outage(running: Stack, count: int) -> None:
    process = running.platform.processes.pop("monitoring")
    process.kill()
    process.wait()
    texts = _texts(count)
    with running.platform.http() as http:
        _declare(http, "backlog")
        for call in _calls(texts):
            _send(http, "backlog", call)
        running.start("monitoring", "services.monitoring")
        began = time.perf_counter()
        while (counted := _counted(http, "backlog")) < count:
            time.sleep(0.5)
        spent = time.perf_counter() - began
    print(
        f"a backlog of {count} documents after kill -9: counted {counted} in {spent:.1f} s, lost {count - counted}",
        flush=True,
    )


def _declare(http: httpx.Client, stream: str) -> None:
    http.put(f"/v1/streams/{stream}", json={"watch": [{"name": name} for name in _WATCHED]}).raise_for_status()


def _send(http: httpx.Client, stream: str, body: bytes) -> None:
    reply = http.post(
        f"/v1/streams/{stream}/documents", content=body, headers={"Content-Type": "application/x-ndjson"}, timeout=300
    )
    refused = reply.raise_for_status().json()["refused"]
    if refused:
        raise AssertionError(f"{refused} rows were refused")


def _counted(http: httpx.Client, stream: str) -> int:
    return int(http.get(f"/v1/streams/{stream}").raise_for_status().json()["documents"])


def _megabytes(running: Stack, name: str) -> float:
    return float(psutil.Process(running.platform.processes[name].pid).memory_info().rss) / 1e6


def _calls(texts: Sequence[str]) -> Iterator[bytes]:
    now = time.time()
    for start in range(0, len(texts), _PER_CALL):
        rows = (
            {
                "id": f"d{place}",
                "text": texts[place],
                "source": f"wire-{place % 5}",
                "published_at": now - place % 86_400,
            }
            for place in range(start, min(start + _PER_CALL, len(texts)))
        )
        yield b"\n".join(json.dumps(row, ensure_ascii=False).encode() for row in rows)


def _texts(count: int) -> list[str]:
    """Headlines, most of which differ, some with two names."""
    chance = random.Random(15)
    found = []
    for number in range(count):
        names = chance.sample(_WATCHED, 2)
        text = f"{names[0]} {chance.choice(_VERBS)} {chance.choice(_WHY)}, desk {number} says"
        found.append(text if number % 3 else f"{text}; {names[1]} {chance.choice(_VERBS)}")
    return found


if __name__ == "__main__":
    main()
