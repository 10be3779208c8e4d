"""The indexes of the bot's knowledge that are in use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager

from shared.bot.bot import KnowledgePair
from shared.dialogue.knowledge import Embedder, KnowledgeIndex

#: Before and after a release two are in use at once: turns that were read by the former model are still on their way.
_KEPT = 2


class KnowledgeIndexCache:
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
