"""How a service process lives: from its settings until it is told to stop, with chores that come round."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Self

from shared.errors import ParleyError
from shared.messaging.failures import reason_of
from shared.settings import SettingsT, read_settings
from shared.telemetry import logs, metrics

_log = logs.get(__name__)


def serve(
    service: str, settings_type: type[SettingsT], running: Callable[[SettingsT], AbstractContextManager[object]]
) -> None:
    """Be one process of a service until SIGINT or SIGTERM.

    Args:
        service: Its name, for the logs.
        settings_type: What it reads from the environment.
        running: Its composition root.

    Raises:
        SystemExit: It cannot start; standard error says why.
    """
    with stop_signals() as stopped:
        try:
            settings = read_settings(settings_type)
            logs.configure(service, settings.log_level, settings.log_format)
            if settings.metrics_port:
                metrics.serve(settings.metrics_port)
            with running(settings):
                _log.info("service is up")
                stopped.wait()
                _log.info("service is going down")
        except ParleyError as error:
            sys.exit(f"{service} cannot run: {error.message}")


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
