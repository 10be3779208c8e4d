"""Embeddings, analysis, trends and alerts."""

from __future__ import annotations

import base64
import json
import struct
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from shared.contracts.monitoring.sentiment import AlertRaised, Observation, SentimentObserved
from shared.contracts.training.jobs import TrainingProgressed
from shared.messaging.envelope import envelope
from shared.messaging.topology import Queues
from shared.storage.monitoring import alerts, sentiment
from tests.unit.gateway.echo import EMBEDDING, MODEL
from tests.unit.gateway.platform import Platform

MANY = [f"text number {number}" for number in range(100)]


def observed(platform: Platform, stream: str, wait: float = 2.0) -> list[SentimentObserved]:
    """What monitoring would be told of a stream."""
    told: list[SentimentObserved] = []
    with platform.bus.subscribe(Queues.MONITORING, 1000) as subscription:
        while deliveries := subscription.receive(1000, wait):
            told += [message for one in deliveries if isinstance(message := one.decode().message, SentimentObserved)]
            subscription.settle(deliveries)
            if any(seen.stream == stream for message in told for seen in message.observations):
                break
    return [message for message in told if any(seen.stream == stream for seen in message.observations)]


def test_embeddings_arrive_alike_in_both_encodings(client: OpenAI) -> None:
    packed = client.embeddings.create(model="parley", input=MANY)
    plain = client.embeddings.create(model="parley", input=MANY, encoding_format="float")
    assert [item.index for item in packed.data] == list(range(100))
    assert packed.data[0].embedding == pytest.approx(EMBEDDING)
    assert plain.data[99].embedding == pytest.approx(EMBEDDING)
    assert packed.usage.prompt_tokens == 300
    assert packed.model == MODEL


def test_base64_is_little_endian_float32(http: httpx.Client) -> None:
    body = {"model": "parley", "input": "one", "encoding_format": "base64"}
    data = http.post("/v1/embeddings", json=body).json()["data"]
    assert struct.unpack("<2f", base64.b64decode(data[0]["embedding"])) == pytest.approx(EMBEDDING)


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2], [3]]])
def test_token_arrays_are_refused_with_a_way_out(client: OpenAI, tokens: Any) -> None:
    with pytest.raises(BadRequestError, match="send texts") as refused:
        client.embeddings.create(model="parley", input=tokens)
    assert refused.value.param == "input"


def test_dimensions_are_never_cut(client: OpenAI) -> None:
    assert client.embeddings.create(model="parley", input="one", dimensions=2).data
    with pytest.raises(BadRequestError, match="2 dimensions"):
        client.embeddings.create(model="parley", input="one", dimensions=1)


def test_an_unknown_model_reads_nothing(client: OpenAI) -> None:
    with pytest.raises(NotFoundError):
        client.embeddings.create(model="ft:unknown", input="one")


def test_analysis_reads_one_or_many_in_order(http: httpx.Client) -> None:
    one = http.post("/v1/analyze", json={"input": "hello Rome"}).json()
    assert one["data"][0]["intent"]["name"] == "hello"
    assert one["data"][0]["model"] == one["model"] == MODEL
    assert one["data"][0]["id"] is None
    many = http.post("/v1/analyze", json={"input": MANY, "model": "ft:other"}).json()
    assert [item["entities"][0]["text"] for item in many["data"]] == [str(number) for number in range(100)]
    assert many["model"] == "ft:other"


def test_texts_on_a_stream_are_told_before_the_answer_comes(http: httpx.Client, platform: Platform) -> None:
    body = {"input": ["so angry", "all fine"], "stream": "press", "ids": ["a", "b"], "timestamps": [100.0, 160.5]}
    assert [item["id"] for item in http.post("/v1/analyze", json=body).json()["data"]] == ["a", "b"]
    told = observed(platform, "press", wait=0.1)
    seen = [(one.id, one.intent, one.sentiment, one.occurred_at) for message in told for one in message.observations]
    assert seen == [("a", "so", "negative", 100.0), ("b", "all", "neutral", 160.5)]


def test_texts_without_ids_get_some(http: httpx.Client, platform: Platform) -> None:
    answer = http.post("/v1/analyze", json={"input": ["one text"], "stream": "unnamed"}).json()
    told = observed(platform, "unnamed")
    assert [one.id for one in told[0].observations] == [answer["data"][0]["id"]]
    assert abs(told[0].observations[0].occurred_at - time.time()) < 60


@pytest.mark.parametrize(
    "extra",
    [
        {"ids": ["a"]},
        {"timestamps": [1.0], "stream": "s", "ids": ["a", "b"]},
        {"stream": "chat"},
        {"stream": "no blanks"},
        {"stream": "s", "timestamps": [-1.0]},
    ],
)
def test_what_does_not_fit_together_is_refused(http: httpx.Client, extra: dict[str, Any]) -> None:
    assert http.post("/v1/analyze", json={"input": "one text"} | extra).status_code == 400


def test_chat_turns_are_told_once_they_are_stored(http: httpx.Client, platform: Platform) -> None:
    conversation = http.post("/v1/conversations", json={}).json()["id"]
    sent = http.post(f"/v1/conversations/{conversation}/messages", json={"content": "very angry"}).json()
    told: list[tuple[str, str, str]] = []
    while sent["turn_id"] not in [turn_id for turn_id, *_ in told] and (messages := observed(platform, "chat")):
        told += [(one.id, one.intent, one.sentiment) for message in messages for one in message.observations]
    assert (sent["turn_id"], "very", "negative") in told


def test_trends_count_by_step_and_intent(http: httpx.Client, platform: Platform) -> None:
    with platform.database.transaction() as session:
        observations = [
            Observation(id=str(n), stream="trend", intent="refund", sentiment="negative", occurred_at=600.0 + 60 * n)
            for n in range(4)
        ]
        sentiment.observe(session, observations, now=0.0)
    query: dict[str, Any] = {"stream": "trend", "since": 600, "until": 900, "step": 120}
    trends = http.get("/v1/sentiment/trends", params=query).json()
    assert [(point["start"], point["intent"], point["negative"]) for point in trends["data"]] == [
        (600, "refund", 2),
        (720, "refund", 2),
    ]
    assert http.get("/v1/sentiment/trends", params=query | {"intent": "other"}).json()["data"] == []
    assert http.get("/v1/sentiment/trends", params={"stream": "trend"}).json()["data"] == [], "the last hour"


def test_alerts_are_listed_with_their_evidence(http: httpx.Client, platform: Platform) -> None:
    fire(platform, "listed")
    listed = http.get("/v1/alerts", params={"stream": "listed"}).json()["data"]
    assert [(one["state"], one["evidence"], one["volume"]) for one in listed] == [("firing", ["x"], 20)]
    assert http.get("/v1/alerts", params={"stream": "quiet"}).json()["data"] == []


def test_the_event_stream_shows_what_is_and_what_comes(http: httpx.Client, platform: Platform) -> None:
    fire(platform, "streamed")
    with http.stream("GET", "/v1/alerts/stream", params={"stream": "live"}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = sse(response)
        wait_for(events, "alert", lambda data: data["stream"] == "streamed" and data["state"] == "firing")
        wait_for(events, "trend", lambda data: data["stream"] == "live" and data["data"] == [])
        raised = AlertRaised(alert_id="alert_1", state="resolved", stream="streamed", share=0.1, volume=20, at=5.0)
        progress = TrainingProgressed(job_id="ftjob-1", status="running", step=3, total_steps=10)
        with platform.bus.publisher() as publisher:
            publisher.publish([envelope(raised), envelope(progress)])
        wait_for(events, "alert", lambda data: data["state"] == "resolved" and data["id"] == "alert_1")
        wait_for(events, "job", lambda data: (data["step"], data["total_steps"]) == (3, 10))
        assert next(event for event, _ in events if event == "comment")


def fire(platform: Platform, stream: str) -> None:
    with platform.database.transaction() as session:
        alerts.open(session, stream=stream, rule="share", share=0.8, volume=20, threshold=0.5, evidence=["x"], now=1.0)


def sse(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Events by name; comments too."""
    name = ""
    for line in response.iter_lines():
        if line.startswith(":"):
            yield "comment", line
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def wait_for(events: Iterator[tuple[str, Any]], name: str, condition: Any) -> None:
    """Read on until the event comes; the client's time limit ends a vain wait."""
    assert next(True for event, data in events if event == name and condition(data))


def test_a_damaged_model_is_told_without_what_our_disk_looks_like(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="files of this model are damaged") as refused:
        client.embeddings.create(model="ft:broken", input="hello")
    assert refused.value.code == "broken_artifact"
    assert "somewhere" not in refused.value.message


@pytest.mark.parametrize("ahead", [2 * 86_400.0, 9e10])
def test_texts_from_the_future_are_refused(http: httpx.Client, platform: Platform, ahead: float) -> None:
    times = [time.time() - 5.0, min(time.time() + ahead, 9e10)]
    body = {"input": ["fine", "so angry"], "stream": "future", "timestamps": times}
    answer = http.post("/v1/analyze", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "timestamps[1]"
    assert observed(platform, "future", wait=0.2) == []


def test_a_clock_a_little_ahead_counts_as_now(http: httpx.Client, platform: Platform) -> None:
    now = time.time()
    http.post(
        "/v1/analyze", json={"input": "so angry", "stream": "ahead", "timestamps": [now + 100.0]}
    ).raise_for_status()
    (told,) = observed(platform, "ahead")
    assert told.observations[0].occurred_at <= time.time()


def test_a_headline_passed_on_is_one_voice_and_a_word_is_everybodys(http: httpx.Client, platform: Platform) -> None:
    headlines = [
        "Shares of Acme fall after a warning",
        "shares of  ACME fall after a warning\u200b",
        "so bad",
        "so bad",
    ]
    http.post("/v1/analyze", json={"input": headlines, "stream": "voices"}).raise_for_status()
    (told,) = observed(platform, "voices")
    first, second, *short = (seen.voice for seen in told.observations)
    assert first == second != ""
    assert short == ["", ""]
