"""What the machine could do at most: the benchmark's model called in process, nothing around it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import TOKENIZER
from shared.inference.session import OnnxSession
from shared.inference.tokens import Encoded, Tokens

_SIZES = (1, 2, 4, 8, 16)


class Limit:
    """The model at its best batch. The texts are tokenised and sorted by length beforehand, and read by one caller per core.

    Args:
        bundle: The model.
        texts: What is read.
        threads: Callers.
    """

    def __init__(self, bundle: Bundle, texts: Sequence[str], threads: int) -> None:
        tokens = Tokens.from_file(bundle.path(TOKENIZER), bundle.manifest.max_length)
        self._encoded = sorted(tokens.encode(texts), key=lambda item: len(item.ids))
        self._session = OnnxSession.open(bundle.path(bundle.manifest.served_file))
        self._threads = threads
        self.batch = max(_SIZES, key=lambda size: self._rate(size, 1.0))

    def rate(self) -> float:
        """Texts a second, now: on a machine shared with others it is another one every minute."""
        return self._rate(self.batch, 1.0)

    def _rate(self, size: int, seconds: float) -> float:
        starts = range(0, len(self._encoded), size)
        batches = [_padded(self._encoded[start : start + size]) for start in starts]
        read, began = 0, time.perf_counter()
        with ThreadPoolExecutor(self._threads) as pool:
            while (passed := time.perf_counter() - began) < seconds or not read:
                list(pool.map(lambda batch: self._session.run(*batch), batches))
                read += len(self._encoded)
            passed = time.perf_counter() - began
        return read / passed


def _padded(batch: Sequence[Encoded]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.array([len(item.ids) for item in batch])
    ids = np.zeros((len(batch), lengths.max()), dtype=np.int64)
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = item.ids
    return ids, (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
