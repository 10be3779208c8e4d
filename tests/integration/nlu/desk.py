"""What the rest of the platform does for nlu: publish models and promote them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.nlu.settings import NluSettings
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.store import ArtifactStore, open_store
from shared.contracts.releases import ModelPublished
from shared.messaging.bus import Bus
from shared.messaging.envelope import envelope
from shared.storage.database.engine import Database, open_database
from shared.storage.tables.core import Model
from shared.storage.training import models

OTHER = "ft:tiny:parley:topics:four"
"""A model of another task."""

MODELS = ("ft:tiny:parley::one", "ft:tiny:parley::two", "ft:tiny:parley::three")


@dataclass(frozen=True)
class Desk:
    """Knows the database and the store of a place."""

    database: Database
    store: ArtifactStore
    bundles: Mapping[str, Bundle]

    @classmethod
    @contextlib.contextmanager
    def open(cls, settings: NluSettings, bundles: Mapping[str, Bundle]) -> Iterator[Desk]:
        """Open both, and publish every bundle."""
        with open_database(settings.database) as database:
            desk = cls(database, open_store(settings.artifacts), bundles)
            for model_id, bundle in bundles.items():
                desk.store.put_folder(model_key(model_id), bundle.folder)
                row = Model(
                    id=model_id, task=bundle.manifest.task, base_model="tiny", created_at=time.time(), size_bytes=1
                )
                with database.transaction() as session:
                    models.add(session, row)
            yield desk

    def promote(self, model_id: str, bus: Bus | None = None) -> None:
        """Put a model into production, and tell so if there is a bus."""
        with self.database.transaction() as session:
            models.promote(session, "nlu", model_id, "test", time.time())
        if bus is not None:
            with bus.publisher() as publisher:
                publisher.publish([envelope(ModelPublished(slot="nlu", model_id=model_id))])
