"""What was applied and promoted: bot files and models, from database and store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.tasks import WRITERS
from shared.dialogue.knowledge import Embedder
from shared.errors import InvalidInput
from shared.inference.reader import TextReader
from shared.storage.chat import bots
from shared.storage.database.engine import Database
from shared.storage.training import models
from shared.storage.training.model_names import model_named

_TASK = "nlu"


@dataclass(frozen=True, slots=True)
class BotRepository:
    """Where both are kept.

    Attributes:
        database: Knows the bot files, and which model is in production.
        store: Has the bundles of the models.
        cache: Local folder for bundles of a remote store.
    """

    database: Database
    store: ArtifactStore
    cache: Path

    def newest_bot(self) -> tuple[int, str] | None:
        """Version and source of the active bot file.

        Raises:
            Unavailable: The database is away.
        """
        with self.database.reading() as session:
            row = bots.active(session)
            return None if row is None or row.version is None else (row.version, row.source)

    def bot_file(self, version: int) -> str:
        """The source of a version of the bot file.

        Raises:
            NotFound: There is none.
            Unavailable: The database is away.
        """
        with self.database.reading() as session:
            return bots.get(session, version).source

    def model_in_production(self) -> str | None:
        """The id of the model that reads what customers say.

        Raises:
            Unavailable: The database is away.
        """
        with self.database.reading() as session:
            return models.production(session, _TASK)

    def bundle(self, model_id: str) -> Bundle:
        """The files of a model.

        Raises:
            NotFound: There is no such model.
            BrokenArtifact: Its bundle was damaged.
            Unavailable: The database or the store is away.
        """
        with self.database.reading() as session:
            models.get(session, model_id)
        return Bundle.open(self.store.fetch_folder(model_key(model_id), self.cache))

    def language_model(self, name: str) -> str:
        """The id of a model that writes, behind ``parley/NAME`` or an id.

        Raises:
            NotFound: There is none.
            InvalidInput: It is a model of another kind.
        """
        with self.database.reading() as session:
            model = models.get(session, model_named(session, name))
        if model.task not in WRITERS:
            raise InvalidInput(f"{name} is a model of {model.task!r}, which writes no texts")
        return model.id

    @contextmanager
    def embedder(self, model_id: str) -> Iterator[Embedder]:
        """A model, loaded for the time of the block: it is needed for seconds, and only when something changed.

        Raises:
            NotFound: There is no such model.
            BrokenArtifact: Its bundle was damaged.
            Unavailable: The store is away.
        """
        folder = self.store.fetch_folder(model_key(model_id), self.cache)
        with closing(TextReader.from_bundle(Bundle.open(folder))) as reader:
            yield reader
