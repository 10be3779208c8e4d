"""The main job as a user does it with the official client; every platform has to pass the same."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob

from shared.contracts.training.jobs import FINAL_STATUSES
from shared.starter import bot, utterances
from tests.end_to_end.platforms import Platform, wait_for

Row = dict[str, Any]

#: Enough to tell the intents apart, little enough to be trained in seconds.
INTENTS = (
    "order_status",
    "cancel_order",
    "refund_status",
    "flight_search",
    "greeting",
    "inform",
    "complaint",
    "praise",
)


def starter_rows(intents: Sequence[str] = INTENTS) -> list[Row]:
    """The starter rows of some intents, without those that take a conversation to be understood: they train longest."""
    rows = [json.loads(line) for line in utterances().read_text("utf-8").splitlines()]
    return [row for row in rows if "context" not in row and row["intent"] in intents]


def few_rows(intents: Sequence[str]) -> list[Row]:
    """The same without entities: in a few rows most of them would be seen only once, which ends a job."""
    return [row | {"entities": []} for row in starter_rows(intents)]


def upload(client: OpenAI, rows: Sequence[Row], name: str = "rows.jsonl") -> str:
    """Upload rows; returns the file id."""
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    return client.files.create(file=(name, io.BytesIO(content)), purpose="fine-tune").id


def submit(client: OpenAI, file_id: str, *, epochs: int = 3, suffix: str = "test", **extra: Any) -> FineTuningJob:
    """Submit a job as the README shows it."""
    return client.fine_tuning.jobs.create(
        model="minilm",
        training_file=file_id,
        suffix=suffix,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": epochs}}},
        extra_body={"task": "nlu", "tuning": {"type": "full"}} | extra,
    )


def finished(client: OpenAI, job_id: str, timeout: float = 700.0) -> FineTuningJob:
    """Wait for a job to end."""
    deadline = time.monotonic() + timeout
    while (job := client.fine_tuning.jobs.retrieve(job_id)).status not in FINAL_STATUSES:
        assert time.monotonic() < deadline, f"job still {job.status}: {last_events(client, job_id)}"
        time.sleep(0.3)
    return job


def last_events(client: OpenAI, job_id: str) -> list[str]:
    """The newest messages of a job, for a failing test's report."""
    return [event.message for event in islice(client.fine_tuning.jobs.list_events(job_id, limit=10), 10)]


def apply_starter_bot(platform: Platform) -> None:
    """Put the starter bot into service."""
    source = bot().read_text("utf-8")
    with platform.http() as http:
        http.post("/v1/bots", json={"source": source}).raise_for_status()


def run_main_job(platform: Platform, **extra: Any) -> str:
    """Upload, train, watch, and check every object that the client hands back; returns the model's id."""
    client = platform.client()
    file_id = upload(client, starter_rows())
    assert client.files.retrieve(file_id).status == "processed"
    job = finished(client, submit(client, file_id, suffix="e2e", **extra).id)
    assert job.status == "succeeded", last_events(client, job.id)
    assert job.fine_tuned_model is not None
    assert job.trained_tokens
    events = list(client.fine_tuning.jobs.list_events(job.id, limit=3))
    metrics = [event.data for event in events if event.type == "metrics"]
    assert any("train_loss" in data for data in metrics if isinstance(data, dict))
    assert len({event.id for event in events}) == len(events) > 3, "pages neither repeat nor end early"
    assert next(iter(client.fine_tuning.jobs.list(limit=1))).id == job.id
    csv = client.files.content(job.result_files[0]).text
    assert csv.splitlines()[0].startswith("step,train_loss")
    return job.fine_tuned_model


def check_model(platform: Platform, model_id: str) -> None:
    """The model tells its figures and its parent, and is in production."""
    model = platform.client().models.retrieve(model_id)
    extra = model.model_extra or {}
    assert extra["production"] is True
    assert extra["metrics"]
    assert extra["job_id"].startswith("ftjob-")
    assert model_id in [found.id for found in platform.client().models.list()]


def check_chat(platform: Platform) -> None:
    """The bot answers, streamed and not, and remembers a flow by the history alone."""
    client = platform.client()
    ask: Any = [{"role": "user", "content": "I want to know about flights"}]
    whole = client.chat.completions.create(model="parley", messages=ask)
    reply = whole.choices[0].message.content
    assert reply
    assert "airline" in reply.lower()
    understood = (whole.model_extra or {})["parley"]
    assert understood["intent"]["name"] == "flight_search"
    follow_up: Any = [*ask, {"role": "assistant", "content": reply}, {"role": "user", "content": "Lufthansa please"}]
    chunks = list(client.chat.completions.create(model="parley", messages=follow_up, stream=True))
    words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert words
    assert "airline" not in words.lower(), "the slot is filled, the flow asks for the next one"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"


def check_embeddings(platform: Platform) -> None:
    """Both encodings tell the same normalised vectors."""
    client = platform.client()
    texts = ["where is my order", "Wo ist 我的订单? 🙂"]
    packed = client.embeddings.create(model="parley", input=texts)
    plain = client.embeddings.create(model="parley", input=texts, encoding_format="float")
    for first, second in zip(packed.data, plain.data, strict=True):
        assert abs(sum(x * x for x in first.embedding) - 1) < 1e-3
        assert max(abs(x - y) for x, y in zip(first.embedding, second.embedding, strict=True)) < 1e-4


def check_conversation(platform: Platform) -> None:
    """A stored conversation: repeated requests with one key are one turn."""
    with platform.http() as http:
        conversation = http.post("/v1/conversations", json={}).raise_for_status().json()["id"]
        path = f"/v1/conversations/{conversation}/messages"
        headers = {"Idempotency-Key": f"once-{conversation}"}
        first = http.post(path, json={"content": "hello there"}, headers=headers).raise_for_status().json()
        again = http.post(path, json={"content": "hello there"}, headers=headers).raise_for_status().json()
        assert first == again
        assert len(http.get(path).raise_for_status().json()["data"]) == 2, "the message and its answer"
        http.post(f"/v1/conversations/{conversation}/end").raise_for_status()


def check_sentiment(platform: Platform) -> None:
    """Complaints accumulate on a trend, count once, and raise an alert with its evidence."""
    texts = [f"this is terrible service, I am very angry, case {number}" for number in range(24)]
    ids = [f"doc-{number}" for number in range(24)]
    body = {"input": texts, "stream": "press", "ids": ids}
    with platform.http() as http:
        for _ in range(2):
            http.post("/v1/analyze", json=body).raise_for_status()
        wait_for(lambda: _counted(http.get("/v1/sentiment/trends?stream=press").json()) == 24, "counts", platform, 30)
        wait_for(lambda: _firing(http.get("/v1/alerts").json()), "an alert", platform, 60)
        alert = next(a for a in http.get("/v1/alerts").json()["data"] if a["stream"] == "press")
        assert set(alert["evidence"]) <= set(ids)
        assert alert["evidence"]
        assert _counted(http.get("/v1/sentiment/trends?stream=press").json()) == 24, "told twice, counted once"


def _counted(trends: Any) -> int:
    return sum(point["negative"] + point["neutral"] + point["positive"] for point in trends["data"])


def _firing(alerts: Any) -> bool:
    return any(alert["stream"] == "press" and alert["state"] == "firing" for alert in alerts["data"])
