"""Running a graph over texts: a few of like length at a time, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil

import numpy as np

from shared.inference.session import FloatArray, OnnxSession
from shared.inference.tokens import Encoded

#: Texts per run. On a CPU a run is as long as its longest text makes it; sorted by length, sixteen at a time take a third to
#: a half of the time of one by one. A GPU is filled by width.
CPU_BATCH = 16
GPU_BATCH = 64

Rows = list[int]
Outputs = dict[str, FloatArray]


class BatchRunner:
    """Runs a session over any number of encoded texts. Safe to use from many threads at once.

    Args:
        session: The model; closed with the runner.
        pad_id: What fills up shorter texts.
        threads: How many runs may go on side by side in one call.
        on_gpu: Whether the session runs there.
        most: Texts of a run at most, where their outputs are large.
    """

    def __init__(
        self, session: OnnxSession, pad_id: int, *, threads: int = 1, on_gpu: bool = False, most: int = GPU_BATCH
    ) -> None:
        self._session = session
        self._pad_id = pad_id
        self._threads = threads
        self._batch = min(most, GPU_BATCH if on_gpu else CPU_BATCH)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="inference") if threads > 1 else None

    @property
    def reads_context(self) -> bool:
        """Whether the model tells a text from what stands behind it."""
        return self._session.reads_context

    def runs(self, encodings: Sequence[Encoded]) -> Iterator[tuple[Rows, Outputs]]:
        """The outputs for every text that is not blank, a few texts at a time, with the places they stand at."""
        by_length = sorted(
            (row for row, encoded in enumerate(encodings) if not encoded.is_blank),
            key=lambda row: len(encodings[row].ids),
            reverse=True,  # the longest first: what is left to the end is short, so that all threads end together
        )
        size = min(self._batch, ceil(len(by_length) / self._threads)) or 1
        batches = [by_length[start : start + size] for start in range(0, len(by_length), size)]

        def run(rows: Rows) -> Outputs:
            return self._run([encodings[row] for row in rows])

        pool = self._pool if len(batches) > 1 else None
        results = pool.map(run, batches) if pool else map(run, batches)
        yield from zip(batches, results, strict=True)

    def each(self, encodings: Sequence[Encoded]) -> list[Outputs | None]:
        """The outputs for each text, in order: rows of the batch's arrays, padded as it was; ``None`` for a blank one."""
        found: list[Outputs | None] = [None] * len(encodings)
        for rows, outputs in self.runs(encodings):
            for place, row in enumerate(rows):
                found[row] = {name: values[place] for name, values in outputs.items()}
        return found

    def close(self) -> None:
        """Free the model's memory; may be called twice. No call may be under way."""
        if self._pool is not None:
            self._pool.shutdown()
        self._session.close()

    def _run(self, encodings: Sequence[Encoded]) -> Outputs:
        lengths = [len(encoded.ids) for encoded in encodings]
        ids = np.full((len(encodings), max(lengths)), self._pad_id, dtype=np.int64)
        for row, encoded in enumerate(encodings):
            ids[row, : lengths[row]] = encoded.ids
        places, ends = np.arange(max(lengths)), np.array(lengths)[:, None]
        begins = ends - np.array([encoded.context for encoded in encodings])[:, None]
        return self._session.run(ids, (places < ends).astype(np.int64), (places >= begins).astype(np.int64))
