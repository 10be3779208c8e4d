"""Knowledge by meaning: which question of the bot file a message comes nearest to."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.generation.turn import Match
from shared.bot.bot import KnowledgePair

FloatArray = NDArray[np.float32]

#: Before and after a release two are in use at once: turns that were read by the former model are still on their way.
_KEPT = 2


class Embedder(Protocol):
    """Turns texts into vectors; the same model that read the message, or their cosine means nothing."""

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, [n, d]."""
        ...


class KnowledgeIndex:
    """The questions of all pairs, and their other wordings, as vectors of one model."""

    def __init__(self, pairs: Sequence[KnowledgePair], embedder: Embedder) -> None:
        wordings = [(pair, text) for pair in pairs for text in (pair.question, *pair.also)]
        self._pairs = [pair for pair, _ in wordings]
        self._vectors = embedder.embed([text for _, text in wordings])

    def best(self, embedding: FloatArray) -> Match | None:
        """The nearest pair to a message, by its unit vector [d]; ``None`` if there are no pairs.

        The best of a pair's wordings counts, since an average of them would be near to none.
        """
        if not self._pairs:
            return None
        scores = self._vectors @ embedding
        nearest = int(np.argmax(scores))
        return Match(self._pairs[nearest], float(scores[nearest]))


class KnowledgeShelf:
    """The indexes in use, by model and version of the bot; each is built when first needed.

    Args:
        embedder: Opens the embedder of a model for the time of the block.
    """

    def __init__(self, embedder: Callable[[str], AbstractContextManager[Embedder]]) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._indexes: OrderedDict[tuple[str, int], Future[KnowledgeIndex]] = OrderedDict()

    def index(self, model_id: str, bot_version: int, pairs: Sequence[KnowledgePair]) -> KnowledgeIndex:
        """The index of a bot's pairs for messages that a model read.

        Callers who come while it is being built wait for it; after a failure the next one tries again.

        Raises:
            ParleyError: The model cannot be loaded.
        """
        key = model_id, bot_version
        with self._lock:
            index = self._indexes.get(key)
            mine = index is None
            if index is None:
                index = self._indexes[key] = Future()
            self._indexes.move_to_end(key)
            while len(self._indexes) > _KEPT:
                self._indexes.popitem(last=False)
        if mine:
            self._build(key, index, pairs)
        return index.result()

    def _build(self, key: tuple[str, int], index: Future[KnowledgeIndex], pairs: Sequence[KnowledgePair]) -> None:
        try:
            with self._embedder(key[0]) as embedder:
                index.set_result(KnowledgeIndex(pairs, embedder))
        except BaseException as error:
            with self._lock:
                if self._indexes.get(key) is index:
                    del self._indexes[key]
            index.set_exception(error)
            raise
