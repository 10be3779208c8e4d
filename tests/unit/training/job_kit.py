"""Jobs on a real database, store and bus, for tests: small data, tiny model, short patience."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from uuid import uuid4

from services.training.settings import TrainingSettings
from shared.artifacts.layout import file_key
from shared.artifacts.store import ArtifactStore, open_store
from shared.contracts.training.jobs import Hyperparameters, JobSpec, Promotion, Schedule
from shared.storage.database.engine import Database, open_database
from shared.storage.database.identity import new_id
from shared.storage.tables.core import File, Job
from shared.storage.training import files, jobs

_OPENERS = ("please", "hello,", "hi there,", "excuse me,", "good morning,", "i say,")
_PHRASES = {
    "track": ("where is my parcel", "when does my parcel arrive", "track the parcel", "has my parcel left"),
    "refund": ("i want my money back", "refund the money", "when do i get the money", "give me back the money"),
    "hours": ("when do you open", "are you open today", "your opening hours", "do you open on sundays"),
}
_SENTIMENTS = {"track": "neutral", "refund": "negative", "hours": "positive"}


def lines() -> list[dict[str, object]]:
    """Seventy-two rows of three intents, and eight out of scope."""
    rows: list[dict[str, object]] = []
    for intent, phrases in _PHRASES.items():
        for opener, phrase in product(_OPENERS, phrases):
            text = f"{opener} {phrase}"
            start = text.find("parcel")
            entities = [{"start": start, "end": start + 6, "label": "thing"}] if start >= 0 else []
            rows.append({"text": text, "intent": intent, "entities": entities, "sentiment": _SENTIMENTS[intent]})
    topics = ("the moon", "football", "chess", "poetry", "soup", "physics", "jazz", "the sea")
    return rows + [
        {"text": f"talk about {topic}", "intent": "out_of_scope", "sentiment": "neutral"} for topic in topics
    ]


def spec(model: str, training_file: str, *, epochs: int = 8, promotion: Promotion | None = None) -> JobSpec:
    """A job for the tiny base model, whose random weights need high rates."""
    return JobSpec(
        model=model,
        training_file=training_file,
        hyperparameters=Hyperparameters(batch_size=8, n_epochs=epochs, learning_rate_multiplier=10.0),
        schedule=Schedule(max_length=32),
        promotion=promotion or Promotion(),
    )


@dataclass(frozen=True)
class Bench:
    """A Parley of its own."""

    settings: TrainingSettings
    database: Database
    store: ArtifactStore

    def upload(self, rows: Iterable[dict[str, object]], name: str = "rows.jsonl") -> str:
        """Store a data file; returns its id."""
        return self.upload_bytes("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode(), name)

    def upload_bytes(self, content: bytes, name: str = "rows.jsonl") -> str:
        """Store a file as it is; returns its id."""
        file_id = new_id("file-")
        stored = self.store.put_stream(file_key(file_id), [content], 1 << 24)
        row = File(
            id=file_id,
            filename=name,
            purpose="fine-tune",
            bytes=stored.bytes,
            sha256=stored.sha256,
            created_at=time.time(),
            status="processed",
        )
        with self.database.transaction() as session:
            files.add(session, row)
        return file_id

    def submit(self, job_spec: JobSpec, *, created_at: float | None = None) -> str:
        """Store a job; returns its id."""
        job = Job(id=new_id("ftjob-"), created_at=created_at or time.time(), spec=job_spec, seed=job_spec.seed)
        with self.database.transaction() as session:
            return jobs.add(session, job).id

    def job(self, job_id: str) -> Job:
        """The job as it is now."""
        with self.database.reading() as session:
            return jobs.get(session, job_id)

    def told(self, job_id: str) -> list[str]:
        """What the events of a job say, oldest first."""
        with self.database.reading() as session:
            return [event.message for event in jobs.events(session, job_id, limit=500).items][::-1]

    def checkpoints(self, job_id: str) -> list[int]:
        """Steps of the listed checkpoints, latest first."""
        with self.database.reading() as session:
            return [checkpoint.step_number for checkpoint in jobs.checkpoints(session, job_id).items]


@contextmanager
def bench(home: Path, /, **overrides: object) -> Iterator[Bench]:
    """A Parley below ``home``, unless told otherwise on SQLite, a local store and a memory bus that nobody else knows."""
    defaults: dict[str, object] = {"home": home, "broker_url": f"memory://{uuid4().hex}", "training_threads": 1}
    settings = TrainingSettings.model_validate(defaults | overrides)
    home.mkdir(exist_ok=True)
    with open_database(settings.database) as database:
        yield Bench(settings, database, open_store(settings.artifacts))
