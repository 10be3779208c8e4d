"""What a gateway process owes is owed by the next one: batches and webhooks of one that is killed, on RabbitMQ and PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI
from sqlmodel import select

from shared.messaging.connect import connect
from shared.storage.database.engine import Database, open_database
from shared.storage.tables.core import Turn
from tests.infrastructure import free_port
from tests.integration.places import KINDS, Kind, Place, place
from tests.receiver import receiving
from tests.unit.gateway.echo import echoing
from tests.waiting import wait_for

KEY = "admin-key-of-the-killed"
ROWS = 500


class Gateway:
    """One process at a time, on one port."""

    def __init__(self, where: Place, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "gateway.log"
        self._environment = {
            **os.environ,
            **where.environment(),
            "PARLEY_PORT": str(self.port),
            "PARLEY_API_KEY": KEY,
            "PARLEY_OUTBOUND_NETWORKS": "127.0.0.0/8",
            "PARLEY_BATCH_LEASE_SECONDS": "2",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.gateway"], env=self._environment, stdout=log, stderr=log
            )
        wait_for(self._answers, 60, lambda: self._log.read_text()[-2000:])

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()[-2000:]
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def started(where: Place, folder: Path) -> Iterator[tuple[Gateway, OpenAI, Database]]:
    with ExitStack() as stack:
        bus = stack.enter_context(connect(where.broker_url, prefix=where.broker_prefix))
        stack.enter_context(echoing(bus))
        gateway = Gateway(where, folder)
        stack.callback(gateway.kill)
        gateway.start()
        client = OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=KEY, max_retries=0, timeout=20)
        database = stack.enter_context(open_database(where.database_url))
        yield gateway, stack.enter_context(client), database


def rows() -> bytes:
    def row(number: int) -> dict[str, Any]:
        body = {"model": "parley", "messages": [{"role": "user", "content": f"hello {number}"}]}
        return {"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions", "body": body}

    return "\n".join(json.dumps(row(number)) for number in range(ROWS)).encode()


def eval_run(client: OpenAI) -> Any:
    """As many rows, graded by how far their words are from what they should be."""
    alike: Any = {
        "type": "text_similarity",
        "name": "alike",
        "input": "{{sample.output_text}}",
        "reference": "{{item.want}}",
        "evaluation_metric": "meteor",
        "pass_threshold": 0.5,
    }
    made = client.evals.create(data_source_config={"type": "custom", "item_schema": {}}, testing_criteria=[alike])
    words = " ".join(str(number) for number in range(300))
    content: Any = [{"item": {"want": words}, "sample": {"output_text": words}} for _ in range(ROWS)]
    lines = "\n".join(json.dumps(row) for row in content).encode()
    file = client.files.create(file=("evals.jsonl", lines), purpose="evals").id
    source: Any = {"type": "jsonl", "source": {"type": "file_id", "id": file}}
    return client.evals.runs.create(made.id, data_source=source)


def run_of(client: OpenAI, run: Any) -> Any:
    return client.evals.runs.retrieve(run.id, eval_id=run.eval_id)


def graded(client: OpenAI, run: Any) -> Any:
    return run_of(client, run).result_counts


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind == "stack"])
def test_a_killed_gateway_leaves_no_batch_and_no_webhook_behind(kind: Kind, tmp_path: Path) -> None:
    with (
        place(kind, tmp_path) as where,
        receiving() as receiver,
        started(where, tmp_path) as (gateway, client, database),
    ):
        receiver.answers = [500]
        hook = client.webhooks.create(name="x", url=receiver.url, event_types=["batch.completed", "batch.failed"])
        bad = client.files.create(file=("bad.jsonl", b"nonsense"), purpose="batch").id
        client.batches.create(input_file_id=bad, endpoint="/v1/chat/completions", completion_window="24h")
        wait_for(lambda: len(receiver.received) == 1, 30)

        file = client.files.create(file=("rows.jsonl", rows()), purpose="batch").id
        batch = client.batches.create(input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h")

        def counts() -> Any:
            return client.batches.retrieve(batch.id).request_counts

        wait_for(lambda: counts().completed > 0, 60, pause=0.01)
        run = eval_run(client)  # not before: either may be done before the other has begun
        wait_for(lambda: graded(client, run).passed > 0, 60, pause=0.01)
        assert counts().completed < ROWS, "it was over before it could be killed"
        assert graded(client, run).passed < ROWS, "it was over before it could be killed"
        gateway.kill()
        with database.reading() as session:
            turns_before = len(session.exec(select(Turn.id)).all())
        gateway.start()

        wait_for(lambda: client.batches.retrieve(batch.id).status == "completed", 120)
        over = client.batches.retrieve(batch.id)
        assert (counts().completed, counts().failed, over.error_file_id) == (ROWS, 0, None)
        answered = [json.loads(line) for line in client.files.content(str(over.output_file_id)).text.splitlines()]
        assert [one["custom_id"] for one in answered] == [str(number) for number in range(ROWS)]

        wait_for(lambda: run_of(client, run).status == "completed", 120)
        assert (graded(client, run).passed, graded(client, run).total) == (ROWS, ROWS)
        graded_rows = client.evals.runs.output_items.list(run.id, eval_id=run.eval_id, limit=100)
        assert [item.datasource_item_id for item in graded_rows] == list(range(ROWS)), "each row once"

        with database.reading() as session:
            said = Counter(session.exec(select(Turn.user_text)).all())
        assert 0 < turns_before < ROWS
        assert said == Counter(f"hello {number}" for number in range(ROWS)), "a turn was taken twice, or never"

        wait_for(lambda: len(receiver.received) >= 3, 60)
        events = [
            client.webhooks.unwrap(one.body, one.headers, secret=hook.signing_secret) for one in receiver.received
        ]
        assert Counter(event.type for event in events) == {"batch.failed": 2, "batch.completed": 1}
        assert len({event.id for event in events}) == 2
