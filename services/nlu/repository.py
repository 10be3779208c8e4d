"""From the id of a model to a reader of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import BASE_MODELS, model_key
from shared.artifacts.store import ArtifactStore
from shared.errors import BrokenArtifact, NotFound, Unavailable
from shared.inference.predictor import Predictor
from shared.inference.reader import TextReader
from shared.storage.database.engine import Database
from shared.storage.training import models
from shared.tasks.embedding.reader import EmbeddingReader
from shared.tasks.readers import open_predictor
from shared.tasks.text_classification.few_shot import FewShotReader

TASK = "nlu"
"""The slot that this service serves."""


@dataclass(frozen=True, slots=True)
class ModelRepository:
    """The models that there are.

    Attributes:
        database: Knows them and which one is in production.
        store: Has their bundles.
        cache: Local folder for bundles of a remote store.
        threads: Texts that a reader reads side by side.
        providers: Where readers run.
    """

    database: Database
    store: ArtifactStore
    cache: Path
    threads: int
    providers: Sequence[str]

    def in_production(self) -> str | None:
        """The id of the model that should be served now, if there is one.

        Raises:
            Unavailable: The database is away.
        """
        with self.database.reading() as session:
            return models.production(session, TASK)

    def open(self, model_id: str) -> TextReader:
        """Load a model that reads chats; takes about half a second.

        Raises:
            NotFound: There is no such model.
            BrokenArtifact: Its bundle was damaged, or is of another task.
            Unavailable: The database or the store is away.
        """
        predictor = self.open_any(model_id)
        if not isinstance(predictor, TextReader):
            predictor.close()
            raise BrokenArtifact(f"{model_id} is a model of {predictor.task}, which reads no chats; promote another")
        return predictor

    def open_any(self, model_id: str) -> Predictor:
        """Load a model of any task.

        Raises:
            NotFound: There is no such model.
            BrokenArtifact: Its bundle was damaged.
            Unavailable: The database or the store is away.
        """
        if model_id in BASE_MODELS:
            return self._base(model_id)
        with self.database.reading() as session:
            few_shot = models.get(session, model_id).few_shot
        if few_shot is not None:
            return FewShotReader(model_id, few_shot, self._embedder(few_shot.embedder))
        bundle = Bundle.open(self.store.fetch_folder(model_key(model_id), self.cache))
        return open_predictor(bundle, threads=self.threads, providers=self.providers)

    def _base(self, model_id: str) -> Predictor:
        try:
            folder = self.store.fetch_folder(model_key(model_id), self.cache)
        except NotFound:
            raise Unavailable(f"{model_id} is not there yet: a training worker makes it when it starts") from None
        return open_predictor(Bundle.open(folder), threads=self.threads, providers=self.providers)

    def _embedder(self, model_id: str) -> TextReader | EmbeddingReader:
        predictor = self.open_any(model_id)
        if isinstance(predictor, TextReader | EmbeddingReader):
            return predictor
        predictor.close()
        raise BrokenArtifact(f"{model_id} is a model of {predictor.task}, which makes no embeddings")
