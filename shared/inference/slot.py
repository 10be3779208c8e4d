"""The place where the served model stands, and where another takes its place without a request noticing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import NoModel
from shared.inference.reading import Reader


class _Tenancy:
    """A reader in the slot, and how many are using it."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.users = 0


class ModelSlot:
    """Holds the current reader.

    ``swap`` takes effect at once for new users; the reader before it is closed as soon as its last user has left, by
    that user. Loading is done before, by whoever swaps, so nobody ever waits for it.
    """

    def __init__(self, task: str) -> None:
        self._task = task
        self._lock = threading.Lock()
        self._current: _Tenancy | None = None

    @property
    def model_id(self) -> str | None:
        """The model being served, or ``None``."""
        current = self._current
        return current.reader.model_id if current else None

    @contextmanager
    def acquire(self) -> Iterator[Reader]:
        """The current reader, which stays open until the context ends.

        Raises:
            NoModel: The slot is empty.
        """
        with self._lock:
            tenancy = self._current
            if tenancy is None:
                raise NoModel(
                    f"no {self._task} model is in production; train one, or promote one with "
                    "POST /v1/models/{id}/promote, then send the request again"
                )
            tenancy.users += 1
        try:
            yield tenancy.reader
        finally:
            with self._lock:
                tenancy.users -= 1
            self._close_if_left(tenancy)

    def swap(self, reader: Reader | None) -> None:
        """Serve ``reader`` from now on; ``None`` empties the slot."""
        with self._lock:
            before = self._current
            self._current = _Tenancy(reader) if reader else None
        if before is not None:
            self._close_if_left(before)

    def _close_if_left(self, tenancy: _Tenancy) -> None:
        with self._lock:
            left = tenancy is not self._current and tenancy.users == 0
        if left:
            tenancy.reader.close()

    def close(self) -> None:
        """Empty the slot."""
        self.swap(None)
