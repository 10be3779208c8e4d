"""Work that goes on in a thread of its own while a context is open."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

from shared.errors import reason_of
from shared.telemetry import logs

_log = logs.get(__name__)


class Background(ABC):
    """A context manager around a thread: entering starts it, leaving tells it to stop and waits until it has."""

    def __init__(self, name: str) -> None:
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def _run(self) -> None:
        """All that the thread does."""

    @abstractmethod
    def _stop(self) -> None:
        """Make ``_run`` return soon. Called from another thread."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._thread.join()


class Ticker(Background):
    """Does a chore every ``seconds`` while the context is open, the first time after ``seconds``.

    A chore that fails is done again in the next round. What keeps it from succeeding is logged once, and so is that it is over.
    """

    def __init__(self, name: str, chore: Callable[[], None], seconds: float) -> None:
        super().__init__(name)
        self._chore = chore
        self._seconds = seconds
        self._stopping = threading.Event()
        self._trouble: str | None = None

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._chore()
            except Exception as error:  # noqa: BLE001  # a thread that died would leave the chore undone for ever
                self._note(reason_of(error))
            else:
                self._note(None)

    def _note(self, trouble: str | None) -> None:
        if trouble == self._trouble:
            return
        if trouble is None:
            _log.info("chore succeeds again", chore=self._thread.name)
        else:
            every = f"{self._seconds:g} s"
            _log.error("chore fails; it is tried again and again", chore=self._thread.name, every=every, reason=trouble)
        self._trouble = trouble

    def _stop(self) -> None:
        self._stopping.set()
