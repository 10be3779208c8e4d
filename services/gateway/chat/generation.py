"""The way to the language models."""

from __future__ import annotations

from collections.abc import Container

from shared.contracts.chat.generation import GenerateText, GenerationCancelled
from shared.contracts.training.tasks import DECODERS
from shared.messaging.requesting.reply_stream import ReplyStream
from shared.messaging.requesting.requester import Requester
from shared.storage.database.engine import Database
from shared.storage.training import models
from shared.storage.training.model_names import model_named
from shared.telemetry.correlation import correlation_id

#: Seconds without a token after which a comment shows that the connection lives.
KEEP_ALIVE_SECONDS = 5.0


class TextGeneration:
    """Asks language models to write.

    Args:
        requester: The way to generation.
        database: Knows which models there are.
        engines: Names of engines.
        timeout: Seconds that an answer may take.
    """

    def __init__(self, requester: Requester, database: Database, engines: Container[str], timeout: float) -> None:
        self._requester = requester
        self._database = database
        self._engines = engines
        self._timeout = timeout

    def find(self, name: str) -> str | None:
        """What generation calls the language model ``name``; ``None`` if that is a model of another kind. Blocks.

        Raises:
            NotFound: There is no such model.
        """
        if name.partition("/")[0] in self._engines:
            return name
        with self._database.reading() as session:
            model = models.get(session, model_named(session, name))
            return model.id if model.task in DECODERS else None

    def ask(self, request: GenerateText) -> ReplyStream:
        """Send a request.

        Raises:
            TooManyRequests: Too many wait already.
            Unavailable: The broker is away.
        """
        return self._requester.stream(
            request,
            timeout=self._timeout,
            cancelled=lambda request_id: GenerationCancelled(request_id=request_id),
            correlation_id=correlation_id(),
        )
