"""The main job as a user does it with the official client; every platform has to pass the same."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob

from shared.starter import utterances
from tests.end_to_end.platforms import Platform

Row = dict[str, Any]

#: Enough to tell the intents apart, little enough to be trained in seconds.
INTENTS = ("order_status", "cancel_order", "refund_status", "flight_search", "greeting", "inform", "talk_to_person")
FINAL = frozenset(("succeeded", "failed", "cancelled"))


def starter_rows(intents: Sequence[str] = INTENTS) -> list[Row]:
    """The starter rows of some intents."""
    rows = [json.loads(line) for line in utterances().read_text("utf-8").splitlines()]
    return [row for row in rows if row["intent"] in intents]


def upload(client: OpenAI, rows: Sequence[Row], name: str = "rows.jsonl") -> str:
    """Upload rows; returns the file id."""
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    return client.files.create(file=(name, io.BytesIO(content)), purpose="fine-tune").id


def submit(client: OpenAI, file_id: str, *, epochs: int = 3, **extra: Any) -> FineTuningJob:
    """Submit a job as the README shows it."""
    return client.fine_tuning.jobs.create(
        model="minilm",
        training_file=file_id,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": epochs}}},
        extra_body={"task": "nlu", "tuning": {"type": "full"}} | extra,
    )


def finished(client: OpenAI, job_id: str, timeout: float = 240.0) -> FineTuningJob:
    """Wait for a job to end."""
    deadline = time.monotonic() + timeout
    while (job := client.fine_tuning.jobs.retrieve(job_id)).status not in FINAL:
        assert time.monotonic() < deadline, f"job still {job.status}: {last_events(client, job_id)}"
        time.sleep(0.3)
    return job


def last_events(client: OpenAI, job_id: str) -> list[str]:
    """The newest messages of a job, for a failing test's report."""
    return [event.message for event in islice(client.fine_tuning.jobs.list_events(job_id, limit=10), 10)]


def apply_starter_bot(platform: Platform) -> None:
    """Put the starter bot into service."""
    from shared.starter import bot

    source = Path(bot()).read_text("utf-8")
    with platform.http() as http:
        http.post("/v1/bots", json={"source": source}).raise_for_status()
