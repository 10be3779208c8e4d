"""How a service process lives: until it is told to stop, with chores that come round every few seconds."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

from shared.messaging.failures import reason_of
from shared.telemetry import logs

_log = logs.get(__name__)


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set. Main thread only; entered before anything starts, so that no signal is lost."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Ticker:
    """Does a chore every ``seconds`` in a thread of its own while the context is open, the first time after ``seconds``.

    A chore that fails is logged and done again in the next round.
    """

    def __init__(self, name: str, chore: Callable[[], None], seconds: float) -> None:
        self._chore = chore
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._chore()
            except Exception as error:  # noqa: BLE001  # a thread that died would leave the chore undone for ever
                _log.error("chore failed; it is tried again", chore=self._thread.name, reason=reason_of(error))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
