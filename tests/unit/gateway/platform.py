"""A gateway on a real port, with the in-process bus, SQLite, and services that echo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx
from openai import OpenAI
from pydantic import SecretStr

from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from shared.artifacts.bundle import write_bundle
from shared.artifacts.layout import model_key
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER, Calibration, Labels, Manifest, Parity
from shared.artifacts.store import open_store
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.tasks import TaskName
from shared.messaging.bus import Bus
from shared.messaging.connect import connect
from shared.storage.database.engine import Database, open_database
from shared.storage.tables.core import Job, Model
from shared.storage.training import jobs, models
from tests.unit.gateway.echo import echoing

ADMIN_KEY = "admin-key-of-the-tests"


@dataclass(frozen=True)
class Platform:
    """What a test may touch."""

    url: str
    bus: Bus
    database: Database
    settings: GatewaySettings

    def client(self, key: str = ADMIN_KEY) -> OpenAI:
        """The official client."""
        return OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=20)

    def http(self, key: str = ADMIN_KEY) -> httpx.Client:
        """For what the official client has no method for."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=20)

    def key(self, role: str, **extra: Any) -> str:
        """A new key with a role."""
        with self.http() as http:
            body = {"name": f"a {role} key", "role": role} | extra
            return str(http.post("/v1/keys", json=body).raise_for_status().json()["key"])

    def add_model(self, gate: dict[str, Any] | None = None, suffix: str = "", task: TaskName = "nlu") -> str:
        """Store a model as a training job would, with a bundle's folder; returns its id."""
        model_id = f"ft:tiny/base:parley:{suffix}:{uuid4().hex[:8]}"
        job = Job(id=f"ftjob-{uuid4().hex}", created_at=1.0, spec=JobSpec(model="m", training_file="f"), seed=0)
        with self.database.transaction() as session:
            jobs.add(session, job)
            model = Model(id=model_id, job_id=job.id, task=task, base_model="tiny", created_at=1.0, size_bytes=7)
            model.metrics, model.gate = {"accuracy": 0.9}, gate
            models.add(session, model)
        self._add_bundle(model_id, job)
        return model_id

    def bundle(self, model_id: str) -> Path:
        """Where the files of a model lie."""
        store = open_store(self.settings.artifacts)
        return store.fetch_folder(model_key(model_id), self.settings.home / "cache")

    def _add_bundle(self, model_id: str, job: Job) -> None:
        manifest = Manifest(
            model_id=model_id,
            base_model="tiny",
            created_at=1,
            data_sha256="0" * 64,
            spec=job.spec,
            job_id=job.id,
            labels=Labels(),
            embedding_size=1,
            max_length=8,
            calibration=Calibration(),
            served_file=FP32_MODEL,
            metrics={},
            parity=Parity(max_abs_difference=0.0, int8_scheme=None, int8_loss=None),
            files={},
        )
        with TemporaryDirectory() as folder:
            for name in (FP32_MODEL, TOKENIZER):
                (Path(folder) / name).write_text("nobody reads this")
            open_store(self.settings.artifacts).put_folder(
                model_key(model_id), write_bundle(Path(folder), manifest).folder
            )


@contextmanager
def running_platform(home: Path, *, services: bool = True, **settings: Any) -> Iterator[Platform]:
    """Start it; ``services=False`` leaves nobody to answer."""
    chosen: dict[str, Any] = {
        "port": 0,
        "api_key": SecretStr(ADMIN_KEY),
        "request_timeout_seconds": 10.0,
        "outbound_networks": "127.0.0.0/8",
    } | settings
    configured = GatewaySettings(home=home, broker_url=f"memory://{uuid4().hex}", **chosen)
    with ExitStack() as stack:
        bus = stack.enter_context(connect(configured.broker_url))
        if services:
            stack.enter_context(echoing(bus))
        url = stack.enter_context(serving(configured))
        database = stack.enter_context(open_database(configured.database))
        yield Platform(url, bus, database, configured)


def asked(text: str) -> Any:
    """Messages of a first turn."""
    return [{"role": "user", "content": text}]
