"""``python -m tests.load.batches``: what a batch beside them costs those who chat, how fast it is alone, and one that is gone through whole.

The gateway is killed in the middle of the whole one; told are whether every row is there once, and what memory the gateway took.
The services are processes of their own on RabbitMQ and PostgreSQL, with a model so small that it costs next to nothing. Rounds with and without a batch alternate in one run, and the medians are compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil

from shared.artifacts.bundle import Bundle
from tests.bundles import Recipe, tiny_bundle
from tests.load.chat_model import MODEL_ID
from tests.load.chat_stack import Stack, stack

_ENDPOINT = "/v1/chat/completions"


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of one round")
    parser.add_argument("--rate", type=float, default=50.0, help="chats a second")
    parser.add_argument("--rows", type=int, default=5_000, help="of a batch beside them")
    parser.add_argument("--whole", type=int, default=50_000, help="rows of a batch gone through whole; 0: none")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, stack(_bundle(Path(folder)), {}) as running:
        running.start("nlu", "services.nlu")
        running.wait_until_answering()
        if options.rounds:
            print(json.dumps(_measured(running, options)), flush=True)
        if options.whole:
            print(json.dumps(_whole(running, options.whole)), flush=True)


def _bundle(folder: Path) -> Bundle:
    return tiny_bundle(folder / "bundle", Recipe(model_id=MODEL_ID))


def _measured(running: Stack, options: argparse.Namespace) -> dict[str, Any]:
    seen: dict[bool, list[Any]] = {False: [], True: []}
    with running.platform.http() as http:
        done = 0
        for _ in range(options.rounds):
            for beside in (False, True):
                batch = _submit(http, options.rows) if beside else None
                if batch is not None:
                    _wait_until_begun(http, batch)
                seen[beside].append(running.load(clients=16, seconds=options.seconds, rate=options.rate)[0])
                if batch is not None:
                    done += _cancel(http, batch)
        alone = _alone(http, options.seconds)
    figures = {
        f"{name}_{'beside' if beside else 'quiet'}": round(
            statistics.median(getattr(one, name) for one in seen[beside]), 2
        )
        for beside in (False, True)
        for name in ("p50", "p99")
    }
    ratios = [after.p99 / before.p99 for before, after in zip(seen[False], seen[True], strict=True)]
    return figures | {
        "p99_ratio": round(statistics.median(ratios), 3),
        "p99_ratios": [round(ratio, 3) for ratio in ratios],
        "rows_a_round_with_start_and_end": round(done / options.rounds, 1),
        "rows_a_second_alone": round(alone, 1),
    }


def _alone(http: httpx.Client, seconds: float) -> float:
    batch = _submit(http, 20_000)
    _wait_until_begun(http, batch)
    before, began = _completed(http, batch), time.monotonic()
    time.sleep(seconds)
    rate = (_completed(http, batch) - before) / (time.monotonic() - began)
    _cancel(http, batch)
    return rate


def _whole(running: Stack, rows: int) -> dict[str, Any]:
    """One from its first row to its last, with a kill -9 of the gateway in the middle."""
    with running.platform.http() as http:
        batch, began = _submit(http, rows), time.monotonic()
        _wait_until_begun(http, batch)
        first = _memory(running)
        seen = _memory_until(running, http, batch, rows // 2)
        running.platform.processes["gateway"].kill()
        running.platform.processes["gateway"].wait()
        running.start("gateway", "services.gateway")
        running.wait_until_answering()
        seen_after = _memory_until(running, http, batch, rows)
        while (over := http.get(f"/v1/batches/{batch}").json())["status"] != "completed":
            time.sleep(0.2)
        seconds = time.monotonic() - began
        answers = http.get(f"/v1/files/{over['output_file_id']}/content", timeout=120).raise_for_status().text
        names = [json.loads(line)["custom_id"] for line in answers.splitlines()]
    return {
        "rows": rows,
        "each_once_and_in_order": names == [str(number) for number in range(rows)],
        "error_file": over["error_file_id"],
        "seconds_with_the_kill": round(seconds, 1),
        "gateway_mb_when_it_began": first,
        "gateway_mb_most_before_the_kill": max(seen, default=first),
        "gateway_mb_most_after_it": max(seen_after, default=0),
    }


def _memory_until(running: Stack, http: httpx.Client, batch: str, rows: int) -> list[int]:
    seen = []
    while _completed(http, batch) < rows:
        seen.append(_memory(running))
        time.sleep(0.5)
    return seen


def _memory(running: Stack) -> int:
    """Resident memory of the gateway, MB."""
    return int(psutil.Process(running.platform.processes["gateway"].pid).memory_info().rss // 1_000_000)


def _submit(http: httpx.Client, rows: int) -> str:
    def row(number: int) -> dict[str, Any]:
        body = {"model": "parley", "messages": [{"role": "user", "content": f"where is my order {time.time_ns()}"}]}
        return {"custom_id": str(number), "method": "POST", "url": _ENDPOINT, "body": body}

    content = "\n".join(json.dumps(row(number)) for number in range(rows)).encode()
    form = {"files": {"file": ("rows.jsonl", content)}, "data": {"purpose": "batch"}, "timeout": 60.0}
    file = http.post("/v1/files", **form).raise_for_status().json()["id"]  # type: ignore[arg-type]
    asked = {"input_file_id": file, "endpoint": _ENDPOINT, "completion_window": "24h"}
    return str(http.post("/v1/batches", json=asked).raise_for_status().json()["id"])


def _wait_until_begun(http: httpx.Client, batch: str) -> None:
    while _completed(http, batch) == 0:
        time.sleep(0.1)


def _completed(http: httpx.Client, batch: str) -> int:
    return int(http.get(f"/v1/batches/{batch}").raise_for_status().json()["request_counts"]["completed"])


def _cancel(http: httpx.Client, batch: str) -> int:
    """End it; how many of its requests were made."""
    http.post(f"/v1/batches/{batch}/cancel").raise_for_status()
    while http.get(f"/v1/batches/{batch}").json()["status"] != "cancelled":
        time.sleep(0.1)
    return _completed(http, batch)


if __name__ == "__main__":
    main()
