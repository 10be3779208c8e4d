"""A platform with a knowledge base: gateway, generation and nlu in this process, with tiny encoders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from openai import OpenAI
from pydantic import SecretStr

from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from services.generation import app as generation
from services.generation.settings import GenerationSettings
from services.nlu import app as nlu
from services.nlu.settings import NluSettings
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.store import open_store
from shared.settings import read_settings
from shared.storage.database.engine import Database, open_database
from shared.storage.tables.core import Model
from shared.storage.training import models
from tests.integration.places import Place

KEY = "pk-knowledge-admin-key-0123456789abcdef"


@dataclass(frozen=True)
class KnowledgeBase:
    """What a test may touch."""

    url: str
    client: OpenAI
    database: Database
    where: Place

    def promote(self, model_id: str, slot: str) -> None:
        """Put a model into production."""
        with self.database.transaction() as session:
            models.promote(session, slot, model_id, "test", 1.0)

    def upload(self, name: str, content: bytes) -> str:
        """A file's id."""
        return self.client.files.create(file=(name, content), purpose="assistants").id


def publish(database: Database, where: Place, bundles: Sequence[Bundle]) -> None:
    """Store models as training jobs would."""
    store = open_store(f"file://{where.home / 'artifacts'}")
    for bundle in bundles:
        manifest = bundle.manifest
        store.put_folder(model_key(manifest.model_id), bundle.folder)
        with database.transaction() as session:
            models.add(
                session,
                Model(id=manifest.model_id, task=manifest.task, base_model="tiny", created_at=1.0, size_bytes=1),
            )


@contextmanager
def knowledge_base(
    where: Place, bundles: Sequence[Bundle], *, generating: bool = True, reading: bool = True, **settings: Any
) -> Iterator[KnowledgeBase]:
    """Start it, with nothing in production; ``generating=False`` leaves generation to the test, ``reading=False`` nlu."""
    with ExitStack() as stack:
        database = stack.enter_context(open_database(where.database_url))
        publish(database, where, bundles)
        chosen = where.settings() | settings
        if generating:
            stack.enter_context(generation.running(read_settings(GenerationSettings, **chosen)))
        if reading:
            stack.enter_context(nlu.running(read_settings(NluSettings, inference_threads=1, **chosen)))
        url = stack.enter_context(serving(read_settings(GatewaySettings, port=0, api_key=SecretStr(KEY), **chosen)))
        client = stack.enter_context(OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=60))
        yield KnowledgeBase(url, client, database, where)
