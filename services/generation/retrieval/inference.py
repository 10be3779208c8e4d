"""Asking nlu for vectors and for judgements, and which models give them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.message import Message
from shared.contracts.training.prediction import PredictRows, RowsPredicted
from shared.errors import InvalidInput, NotFound, Unavailable
from shared.messaging.requesting.requester import Requester
from shared.storage.database.engine import Database, Session
from shared.storage.training import models
from shared.storage.training.model_names import model_named
from shared.telemetry.correlation import correlation_id

FloatArray = NDArray[np.float32]
ReplyT = TypeVar("ReplyT", bound=Message)

#: Texts of one message, and their characters: chats must not wait longer than these take.
_PER_MESSAGE, _CHARACTERS = 32, 20_000
#: Characters of a chunk that a ranking model is shown; it reads no more than its first few hundred tokens.
_JUDGED = 4_000

CHATS, EMBEDDING, RANKING = "nlu", "embedding", "ranking"
"""The deployments of that name."""


@dataclass(frozen=True, slots=True)
class Inference:
    """Models for the knowledge base.

    Attributes:
        database: Knows what is in production.
        requester: The way to nlu.
        timeout: Seconds that one message may take.
    """

    database: Database
    requester: Requester
    timeout: float

    def embedder(self, name: str | None) -> str | None:
        """The id of the model that a store's vectors are to come from; ``None``: there is none yet.

        Args:
            name: A deployment as callers call it, or an id; ``None``: the deployment ``embedding``, else the model that reads chats.
        """
        with self.database.reading() as session:
            if name is None:
                return models.production(session, EMBEDDING) or models.production(session, CHATS)
            return embedder_named(session, name)

    def ranker(self) -> str | None:
        """The id of the model that puts passages in order, if one is in production."""
        with self.database.reading() as session:
            return models.production(session, RANKING)

    def embed(self, model: str, texts: Sequence[str]) -> FloatArray:
        """The vectors of texts, [n, d], of length 1.

        Raises:
            NotFound: There is no such model.
            InvalidInput: It makes no embeddings.
            Unavailable: It cannot be reached.
        """
        with self.database.reading() as session:
            task = models.get(session, model).task
        vectors: list[FloatArray] = []
        for piece in _pieces(texts):
            if task == EMBEDDING:
                predicted = self._ask(
                    PredictRows(rows=tuple({"text": text} for text in piece), model=model), RowsPredicted
                )
                vectors.append(np.array([answer["embedding"] for answer in predicted.answers], np.float32))
            else:
                analyzed = self._ask(AnalyzeText(texts=tuple(piece), model=model, with_embeddings=True), TextAnalyzed)
                if not analyzed.embeddings:
                    raise InvalidInput(f"{model} makes no embeddings", param="embedding_model")
                vectors.append(np.stack([np.frombuffer(base64.b64decode(one), "<f4") for one in analyzed.embeddings]))
        return np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)

    def judge(self, model: str, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers a query, 0..1, by a model of ``ranking``. Raises as ``embed`` does."""
        scores: list[float] = []
        for piece in _pieces([text[:_JUDGED] for text in texts]):
            rows: tuple[dict[str, Any], ...] = tuple({"text": query, "text_pair": text} for text in piece)
            predicted = self._ask(PredictRows(rows=rows, model=model), RowsPredicted)
            scores += [float(answer["score"]) for answer in predicted.answers]
        return scores

    def _ask(self, question: Message, kind: type[ReplyT]) -> ReplyT:
        future = self.requester.submit(question, timeout=self.timeout, correlation_id=correlation_id())
        answer = future.result()
        if not isinstance(answer, kind):
            raise Unavailable(f"nlu answered with {type(answer).__name__}; all services must be of one version")
        return answer


def embedder_named(session: Session, name: str) -> str | None:
    """The id of the model behind ``parley``, ``parley/NAME`` or an id; ``None`` if nothing is in production there, or it is gone."""
    try:
        return models.get(session, model_named(session, name)).id
    except NotFound:
        return None


def _pieces(texts: Sequence[str]) -> Iterator[list[str]]:
    piece: list[str] = []
    taken = 0
    for text in texts:
        if piece and (len(piece) == _PER_MESSAGE or taken + len(text) > _CHARACTERS):
            yield piece
            piece, taken = [], 0
        piece.append(text)
        taken += len(text)
    if piece:
        yield piece
