"""Rows with everything filled in; a test names only what it is about."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from shared.contracts.chat.turns import Answer, DialogueState
from shared.contracts.chat.understanding import SentimentLabel, Understanding
from shared.contracts.monitoring.sentiment import Observation
from shared.contracts.training.jobs import JobSpec
from shared.storage.tables.core import Conversation, File, Job, Model, Turn

ResultT = TypeVar("ResultT")

SPEC = JobSpec(model="minilm", training_file="file-1")
UNDERSTANDING = Understanding(model="ft:minilm:parley::1", intent=None)


def a_job(
    job_id: str,
    *,
    created_at: float = 1000.5,
    metadata: dict[str, str] | None = None,
    key_id: str | None = None,
    idempotency_key: str | None = None,
) -> Job:
    return Job(
        id=job_id,
        created_at=created_at,
        spec=SPEC,
        seed=7,
        user_metadata=metadata or {},
        key_id=key_id,
        idempotency_key=idempotency_key,
    )


def a_file(file_id: str, *, created_at: float = 1000.5, purpose: str = "fine-tune") -> File:
    return File(
        id=file_id,
        filename="rows.jsonl",
        purpose=purpose,
        bytes=2**40,
        sha256="0" * 64,
        created_at=created_at,
        status="processed",
        report={"rows": 12, "warnings": []},
    )


def a_model(model_id: str, *, task: str = "nlu", created_at: float = 1000.5) -> Model:
    return Model(
        id=model_id,
        task=task,
        base_model="minilm",
        created_at=created_at,
        metrics={"intent": {"accuracy": 0.9}},
        size_bytes=2**33,
    )


def a_conversation(conversation_id: str, *, key_id: str = "key_1") -> Conversation:
    return Conversation(id=conversation_id, created_at=1000.5, key_id=key_id)


def a_turn(
    turn_id: str,
    conversation_id: str,
    *,
    position: int = 0,
    created_at: float = 1000.5,
    text: str = "Where is my order?",
    state: DialogueState | None = None,
    key_id: str = "key_1",
    digest: str | None = None,
    idempotency_key: str | None = None,
) -> Turn:
    return Turn(
        id=turn_id,
        conversation_id=conversation_id,
        position=position,
        created_at=created_at,
        user_text=text,
        answer=Answer(text="On its way.", kind="template"),
        understanding=UNDERSTANDING,
        state=state or DialogueState(),
        bot_version=1,
        model_id="ft:minilm:parley::1",
        key_id=key_id,
        digest=digest,
        idempotency_key=idempotency_key,
    )


def an_observation(
    text_id: str,
    *,
    stream: str = "chat",
    intent: str = "greeting",
    sentiment: SentimentLabel = "negative",
    at: float = 60.0,
    voice: str = "",
) -> Observation:
    return Observation(id=text_id, stream=stream, intent=intent, sentiment=sentiment, occurred_at=at, voice=voice)


def at_once(count: int, work: Callable[[int], ResultT]) -> list[ResultT]:
    """Run ``work(0) … work(count - 1)`` in threads that begin together."""
    barrier = threading.Barrier(count)

    def run(number: int) -> ResultT:
        barrier.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def counter() -> Callable[[str], str]:
    """Names that are unique within a test."""
    numbers = itertools.count()
    return lambda prefix: f"{prefix}{next(numbers)}"
