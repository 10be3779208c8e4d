"""``python -m tests.load.batches``: what a batch beside them costs those who chat, and how fast it is alone.

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
    options = parser.parse_args()
    with TemporaryDirectory() as folder, stack(_bundle(Path(folder)), {}) as running:
        running.start("nlu", "services.nlu")
        running.wait_until_answering()
        print(json.dumps(_measured(running, options)), flush=True)


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
