"""Batches through the official client: on the in-process bus and SQLite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from shared.storage import batches, webhooks
from tests.unit.gateway.platform import Platform, running_platform
from tests.waiting import wait_for

CHAT: Any = "/v1/chat/completions"


def chat(number: int, text: str = "hello") -> dict[str, Any]:
    body = {"model": "parley", "messages": [{"role": "user", "content": f"{text} {number}"}]}
    return {"custom_id": f"row-{number}", "method": "POST", "url": CHAT, "body": body}


def uploaded(client: OpenAI, rows: list[Any]) -> str:
    content = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)
    return client.files.create(file=("rows.jsonl", content.encode()), purpose="batch").id


def submitted(client: OpenAI, rows: list[Any], endpoint: Any = CHAT, **options: Any) -> str:
    return client.batches.create(
        input_file_id=uploaded(client, rows), endpoint=endpoint, completion_window="24h", **options
    ).id


def ended(client: OpenAI, batch_id: str, seconds: float = 30) -> Any:
    over = ("completed", "failed", "expired", "cancelled")
    wait_for(lambda: client.batches.retrieve(batch_id).status in over, seconds)
    return client.batches.retrieve(batch_id)


def lines(client: OpenAI, file_id: str) -> list[Any]:
    return [json.loads(line) for line in client.files.content(file_id).text.splitlines()]


def test_each_request_is_answered_once_and_in_order(client: OpenAI, platform: Platform) -> None:
    wrong = {"custom_id": "wrong", "method": "POST", "url": CHAT, "body": {"model": "parley", "messages": []}}
    batch_id = submitted(client, [chat(0), chat(1), wrong, *map(chat, range(2, 30))], metadata={"team": "x"})
    batch = ended(client, batch_id)
    assert batch.status == "completed"
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (31, 30, 1)
    output = lines(client, batch.output_file_id)
    assert [one["custom_id"] for one in output] == [f"row-{number}" for number in range(30)]
    first = output[0]["response"]
    assert (first["status_code"], output[0]["error"]) == (200, None)
    assert "You said: hello 0" in first["body"]["choices"][0]["message"]["content"]
    assert len({one["response"]["request_id"] for one in output}) == 30
    (error,) = lines(client, batch.error_file_id)
    assert (error["custom_id"], error["response"]["status_code"]) == ("wrong", 400)
    assert error["response"]["body"]["error"]["param"] == "messages"
    assert batch.usage.total_tokens == sum(one["response"]["body"]["usage"]["total_tokens"] for one in output)
    assert (batch.metadata, client.files.retrieve(batch.output_file_id).purpose) == ({"team": "x"}, "batch_output")
    assert batch_id in [one.id for one in client.batches.list(limit=100)]


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("/v1/embeddings", {"model": "parley", "input": "some words"}),
        ("/v1/analyze", {"input": "some words"}),
        ("/v1/responses", {"model": "parley", "input": "some words"}),
    ],
)
def test_every_endpoint_that_takes_json(client: OpenAI, endpoint: str, body: dict[str, Any]) -> None:
    row = {"custom_id": "a", "method": "POST", "url": endpoint, "body": body}
    batch = ended(client, submitted(client, [row], endpoint))
    assert (batch.status, batch.error_file_id) == ("completed", None)
    assert lines(client, batch.output_file_id)[0]["response"]["status_code"] == 200


@pytest.mark.parametrize(
    ("rows", "code", "line"),
    [
        ([], "empty_file", None),
        ([chat(0), "{"], "invalid_json_line", 2),
        ([chat(0), chat(0)], "duplicate_custom_id", 2),
        ([chat(0) | {"url": "/v1/embeddings"}], "mismatched_endpoint", 1),
        ([chat(0) | {"method": "GET"}], "invalid_request", 1),
        ([chat(0) | {"body": 7}], "invalid_request", 1),
        ([chat(0) | {"body": {"stream": True}}], "stream_not_supported", 1),
    ],
)
def test_a_file_with_faults_is_told_with_its_lines(
    client: OpenAI, rows: list[Any], code: str, line: int | None
) -> None:
    batch = ended(client, submitted(client, rows or ["\n"]))
    assert (batch.status, batch.output_file_id) == ("failed", None)
    assert [(fault.code, fault.line) for fault in batch.errors.data] == [(code, line)]
    assert batch.failed_at


def test_more_rows_than_there_may_be(client: OpenAI) -> None:
    batch = ended(client, submitted(client, [json.dumps(chat(number)) for number in range(50_001)]))
    assert [fault.code for fault in batch.errors.data] == ["too_many_requests"]


def test_what_cannot_be_is_refused_at_once(client: OpenAI) -> None:
    file = client.files.create(file=("x.jsonl", b"{}"), purpose="evals").id
    cases: list[tuple[Any, str, str]] = [("/v1/videos", file, "endpoint"), (CHAT, file, "input_file_id")]
    for endpoint, file_id, param in cases:
        with pytest.raises(openai.BadRequestError) as refused:
            client.batches.create(input_file_id=file_id, endpoint=endpoint, completion_window="24h")
        assert refused.value.param == param
    with pytest.raises(openai.NotFoundError):
        client.batches.create(input_file_id="file-none", endpoint=CHAT, completion_window="24h")
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_none")


def test_a_repeated_request_is_one_batch(client: OpenAI) -> None:
    file = uploaded(client, [chat(0)])

    def create(**headers: str) -> str:
        return client.batches.create(
            input_file_id=file, endpoint=CHAT, completion_window="24h", extra_headers=headers
        ).id

    first = create(**{"Idempotency-Key": "k-1"})
    assert create(**{"Idempotency-Key": "k-1"}) == first
    assert create(**{"x-stainless-retry-count": "1"}) == first
    assert create() != first


def test_a_cancelled_batch_keeps_what_was_answered(tmp_path: Path) -> None:
    with running_platform(tmp_path, batch_rows_at_once=1) as platform, platform.client() as client:
        batch_id = submitted(client, [chat(number) for number in range(3000)])

        def completed() -> int:
            counts: Any = client.batches.retrieve(batch_id).request_counts
            return int(counts.completed)

        wait_for(lambda: completed() > 0, 30)
        assert client.batches.cancel(batch_id).status == "cancelling"
        batch = ended(client, batch_id)
        assert batch.status == "cancelled"
        assert 0 < batch.request_counts.completed < 3000
        assert len(lines(client, batch.output_file_id)) == batch.request_counts.completed
        assert client.batches.cancel(batch_id).status == "cancelled"


def test_one_whose_time_is_over_expires_and_one_whose_key_is_revoked_fails(tmp_path: Path) -> None:
    """Both before a process works at them."""
    with running_platform(tmp_path, batch_rows_at_once=0) as platform, platform.http() as http:
        made = http.post("/v1/keys", json={"name": "short", "role": "train"}).json()
        with platform.client(made["key"]) as owner:
            revoked = submitted(owner, [chat(0)])
        http.delete(f"/v1/keys/{made['id']}").raise_for_status()
        with platform.client() as client:
            late = submitted(client, [chat(0), chat(1)])
        with platform.database.transaction() as session:
            batches.get(session, late).expires_at = 1.0
    with running_platform(tmp_path) as platform, platform.client() as client:
        failed = ended(client, revoked)
        assert (failed.status, failed.errors.data[0].code) == ("failed", "key_revoked")
        expired = ended(client, late)
        assert (expired.status, expired.output_file_id) == ("expired", None)
        errors = lines(client, expired.error_file_id)
        assert [(one["custom_id"], one["error"]["code"]) for one in errors] == [
            ("row-0", "batch_expired"),
            ("row-1", "batch_expired"),
        ]


def test_its_end_is_told(client: OpenAI, platform: Platform) -> None:
    endpoint = client.webhooks.create(name="x", url="http://127.0.0.1:9/", event_types=["batch.completed"])
    batch_id = submitted(client, [chat(0)])
    ended(client, batch_id)
    with platform.database.reading() as session:
        told = [(one.event_type, one.data) for one in webhooks.deliveries(session, endpoint.id).items]
    assert told.count(("batch.completed", {"id": batch_id})) == 1  # batches of other tests may end meanwhile
    client.webhooks.delete(endpoint.id)


def test_nobody_outside_can_say_that_he_is_inside(platform: Platform) -> None:
    with httpx.Client(base_url=platform.url) as nobody:
        headers = {"parley.caller": "admin", "x-parley-caller": "admin"}
        assert nobody.post("/v1/embeddings", json={"model": "parley", "input": "x"}, headers=headers).status_code == 401
