"""Personal numbers sent in by every way in, while things fail; then every log, queue and training file is searched."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import amqp
import httpx
import pytest

from shared.contracts.message import Exchange
from shared.messaging.topology import Queues
from shared.starter import bot
from tests.end_to_end import scenario
from tests.end_to_end.platforms import Platform, processes, wait_for
from tests.integration.places import Place, place
from tests.unit.privacy.canaries import every_canary

CANARIES = every_canary()
SAID = f"please note {', '.join(CANARIES)} and call me"


@dataclass(frozen=True)
class Talkative(Place):
    """A place whose processes log all they can."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "PARLEY_LOG_LEVEL": "debug",
            "PARLEY_ALERT_MIN_VOLUME": "1",
            "TMPDIR": str(self.home / "tmp"),
        }


class Watcher:
    """Reads the files below a folder over and over, since a job removes its own when it ends.

    Weights take so long to read that all else would be gone meanwhile: they are only noted.
    """

    _LARGEST = 4 << 20

    def __init__(self, folder: Path) -> None:
        self.seen: set[str] = set()
        self.leaks: set[str] = set()
        self._folder = folder
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            self._thread.join()

    def _run(self) -> None:
        known: dict[Path, float] = {}
        while not self._stopped.wait(0.2):
            for path in (Path(folder) / name for folder, _, names in os.walk(self._folder) for name in names):
                try:
                    found = path.stat()
                    if known.get(path) == found.st_mtime:
                        continue
                    known[path] = found.st_mtime
                    if found.st_size <= self._LARGEST:
                        self.leaks |= {f"{path.name}: {leak}" for leak in leaks(path.read_bytes())}
                except FileNotFoundError:  # removed while we looked
                    continue
                self.seen.add(path.name)


def leaks(content: bytes) -> list[str]:
    """The canaries in some bytes, as they are, escaped by JSON, or in UTF-16."""
    return [
        canary
        for canary in CANARIES
        if canary.encode() in content
        or json.dumps(canary)[1:-1].encode() in content
        or canary.encode("utf-16-le") in content
    ]


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talkative]:
    home = tmp_path_factory.mktemp("canaries")
    (home / "tmp").mkdir()
    with place("stack", home) as found:
        yield Talkative(**vars(found))


@pytest.fixture(scope="module")
def platform(where: Talkative) -> Iterator[Platform]:
    with processes(where) as started:
        yield started


def test_no_canary_is_left_anywhere(platform: Platform, where: Talkative) -> None:
    workshop = Watcher(platform.home / "training")
    scenario.apply_starter_bot(platform)
    with platform.http() as http, workshop.watching():
        chat(http)  # no model is there yet: every turn fails in nlu
        model_id = train(platform)
        http.post(f"/v1/models/{model_id}/promote").raise_for_status()
        wait_for(lambda: http.get("/health/ready").status_code == httpx.codes.OK, "the model", platform, 60)
        assert chat(http) >= 2
        upload(http)
        apply_bots(http)
        send_garbage(http, platform)
    send_letters_nobody_understands(where)
    wait_for(lambda: depth(where, Queues.DEAD.name) >= LETTERS, "the dead letters", platform, 60)
    dumps = {spec.name: dumped(where, spec.name) for spec in Queues.SHARED}
    platform.stop()

    assert workshop.leaks == set()
    assert {"model.onnx", "tokenizer.json"} <= workshop.seen
    letters = dumps[Queues.DEAD.name]
    assert len(letters) == LETTERS, letters
    assert {name: leaks(b"\n".join(dump)) for name, dump in dumps.items()} == {name: [] for name in dumps}
    assert b"[card]" in b"".join(letters)
    logs = {name: platform.log(name) for name in platform.processes}
    assert {name: leaks(log.encode()) for name, log in logs.items()} == {name: [] for name in logs}
    assert "[phone]" in logs["monitoring"], "something was there to be masked"
    assert all(log.count("\n") > 1 for log in logs.values())
    assert left_in_artifacts(platform.home / "artifacts") == {}
    assert list((platform.home / "tmp").rglob("*.jsonl")) == []


def chat(http: httpx.Client) -> int:
    """Say it in every way; returns how many were answered."""
    conversation = http.post("/v1/conversations", json={"metadata": {"about": CANARIES[0]}}).json()["id"]
    asked = {"model": "parley", "messages": [{"role": "user", "content": SAID}], "user": CANARIES[7]}
    answers = [
        http.post("/v1/chat/completions", json=asked, headers={"x-request-id": "13800138000"}),
        http.post("/v1/chat/completions", json=asked | {"stream": True}),
        http.post(
            f"/v1/conversations/{conversation}/messages",
            json={"content": SAID},
            headers={"Idempotency-Key": "4155552671"},
        ),
        http.post("/v1/embeddings", json={"model": "parley", "input": SAID}),
        http.post(
            "/v1/analyze",
            json={"input": [f"terrible, angry, bad: {SAID}"] * 3, "stream": "13800138000", "ids": CANARIES[:3]},
        ),
    ]
    assert answers[0].headers["x-request-id"] != "13800138000"
    return sum(answer.is_success for answer in answers)


def train(platform: Platform) -> str:
    """Train on rows that all hold a canary, one of them as an entity in each; returns the model."""
    client = platform.client()
    rows = [
        {
            "text": f"{row['text']} {canary}",
            "intent": row["intent"],
            "sentiment": row["sentiment"],
            "entities": [
                {"start": len(row["text"]) + 1, "end": len(row["text"]) + 1 + len(canary), "label": "contact"}
            ],
        }
        for row, canary in zip(scenario.starter_rows(("order_status", "complaint")), cycle(CANARIES), strict=False)
    ]
    file_id = scenario.upload(client, rows, f"{CANARIES[7]}.jsonl")
    tuning = {"type": "full", "max_steps": 4}
    job = scenario.submit(client, file_id, tuning=tuning, metadata={"for": CANARIES[0]}, promotion={"mode": "manual"})
    ended = scenario.finished(client, job.id)
    events = [event.to_json() for event in client.fine_tuning.jobs.list_events(job.id, limit=100)]
    assert ended.status == "succeeded", events
    assert leaks("".join(events).encode()) == []
    assert ended.fine_tuned_model is not None
    return ended.fine_tuned_model


def upload(http: httpx.Client) -> None:
    """A file that holds them where a label belongs; what is told about it quotes none."""
    rows = [{"text": SAID, "sentiment": canary} for canary in CANARIES] + [
        {"text": "a", canary: 1} for canary in CANARIES
    ]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    for name, body in (("rows.jsonl", content), ("rows.csv", SAID.encode())):
        told = http.post("/v1/files", data={"purpose": "fine-tune"}, files={"file": (name, body)}).raise_for_status()
        assert told.json()["status"] == "error"
        assert leaks(told.content) == []
        job = http.post("/v1/fine_tuning/jobs", json={"model": "minilm", "training_file": told.json()["id"]})
        assert job.status_code == httpx.codes.BAD_REQUEST
        assert leaks(job.content) == []


def apply_bots(http: httpx.Client) -> None:
    """A bot that knows them, and ones that are broken by them."""
    source = bot().read_text("utf-8")
    pair = f"knowledge:\n  - id: canaries\n    question: how do I reach you\n    source: the desk\n    answer: {json.dumps(SAID)}\n"
    knowing = source.replace("knowledge:\n", pair, 1)
    assert knowing != source
    http.post("/v1/bots", json={"source": knowing}).raise_for_status()
    for canary in CANARIES:
        http.post("/v1/bots", json={"source": f"version: 1\n{json.dumps(canary)}: {json.dumps(SAID)}\n"})


def send_garbage(http: httpx.Client, platform: Platform) -> None:
    """What is refused: unknown fields, wrong types, broken JSON, addresses and keys."""
    for canary in CANARIES:
        latin = quote(canary)
        refused = [
            http.post("/v1/chat/completions", json={canary: canary, "messages": canary}),
            http.post(
                "/v1/analyze", content=f'{{"input": "{canary}'.encode(), headers={"Content-Type": "application/json"}
            ),
            http.post("/v1/analyze", content=canary.encode(), headers={"Content-Type": "text/plain"}),
            http.post("/v1/keys", json={"name": canary, "role": canary}),
            http.get(f"/v1/files/{latin}"),
            http.get("/v1/files", params={"after": canary}),
            http.get(f"/{latin}"),
            httpx.get(f"{platform.url}/v1/models", headers={"Authorization": f"Bearer {latin}"}),
        ]
        assert all(400 <= answer.status_code < 500 for answer in refused), refused


#: What reaches the dead letters: per canary three messages that no contract matches, and one that its handler fails on.
LETTERS = 4 * len(CANARIES)


def send_letters_nobody_understands(where: Place) -> None:
    """Messages of strangers, and one that monitoring cannot count."""
    impossible = {"id": "x", "stream": "s", "intent": "i", "sentiment": "neutral", "occurred_at": -1e300}
    with broker(where) as channel:
        for canary in CANARIES:
            observed = {"observations": [impossible | {"intent": SAID, "id": canary}]}
            for exchange, key, kind, body in (
                (Exchange.RPC, "nlu", "text.analyze", json.dumps({canary: SAID, "texts": [SAID]}, ensure_ascii=False)),
                (Exchange.RPC, "generation", canary, json.dumps({"anything": [SAID]})),
                (Exchange.EVENTS, "sentiment.observed", "sentiment.observed", SAID),
                (Exchange.EVENTS, "sentiment.observed", "sentiment.observed", json.dumps(observed)),
            ):
                headers = {"version": 1}
                message = amqp.Message(
                    body,
                    type=kind,
                    message_id=canary,
                    correlation_id=canary,
                    delivery_mode=2,
                    application_headers=headers,
                )
                # Confirmed: a quorum queue may lose what a channel has sent that is closed before.
                channel.basic_publish_confirm(message, where.broker_prefix + exchange.value, key)


def dumped(where: Place, queue: str) -> list[bytes]:
    """Everything in a queue: bodies, headers and properties. The messages are taken."""
    found = []
    with broker(where) as channel:
        while (message := channel.basic_get(where.broker_prefix + queue, no_ack=True)) is not None:
            body = message.body if isinstance(message.body, bytes) else message.body.encode()
            found.append(body + json.dumps(_plain(message.properties), ensure_ascii=False).encode())
    return found


def _plain(value: Any) -> Any:
    return {str(key): _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else str(value)


def depth(where: Place, queue: str) -> int:
    """Messages that wait in a queue."""
    with broker(where) as channel:
        return int(channel.queue_declare(where.broker_prefix + queue, passive=True).message_count)


@contextmanager
def broker(where: Place) -> Iterator[Any]:
    """A channel of our own."""
    parts = urlsplit(where.broker_url)
    with closing(
        amqp.Connection(f"{parts.hostname}:{parts.port or 5672}", userid=parts.username, password=parts.password)
    ) as connection:
        connection.connect()
        yield connection.channel()


def left_in_artifacts(folder: Path) -> dict[str, list[str]]:
    """Leaks by file. Uploaded files are their owner's, and kept as they came."""
    uploads = folder / "files"
    contents = {str(path): path for path in folder.rglob("*") if path.is_file() and uploads not in path.parents}
    assert any(name.endswith("model.onnx") for name in contents)
    return {name: found for name, path in contents.items() if (found := leaks(path.read_bytes()))}
