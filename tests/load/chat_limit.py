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


def best_rate(bundle: Bundle, texts: Sequence[str], threads: int, seconds: float) -> tuple[float, int]:
    """Texts a second at the best batch, and that batch.

    The texts are tokenised and sorted by length beforehand, and read in batches by one caller per core.
    """
    tokens = Tokens.from_file(bundle.path(TOKENIZER), bundle.manifest.max_length)
    encoded = sorted(tokens.encode(texts), key=lambda item: len(item.ids))
    session = OnnxSession.open(bundle.path(bundle.manifest.served_file))
    rates = {size: _rate(session, encoded, size, threads, seconds / len(_SIZES)) for size in _SIZES}
    session.close()
    best = max(rates, key=lambda size: rates[size])
    return rates[best], best


def _rate(session: OnnxSession, encoded: Sequence[Encoded], size: int, threads: int, seconds: float) -> float:
    batches = [_padded(encoded[start : start + size]) for start in range(0, len(encoded), size)]
    read, began = 0, time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        while (passed := time.perf_counter() - began) < seconds or not read:
            list(pool.map(lambda batch: session.run(*batch), batches))
            read += len(encoded)
        passed = time.perf_counter() - began
    return read / passed


def _padded(batch: Sequence[Encoded]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.array([len(item.ids) for item in batch])
    ids = np.zeros((len(batch), lengths.max()), dtype=np.int64)
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = item.ids
    return ids, (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
