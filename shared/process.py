"""How a service process lives: from its settings until it is told to stop."""

from __future__ import annotations

import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import FrameType

from shared.endpoint import Endpoint
from shared.errors import ParleyError
from shared.settings import SettingsT, read_settings
from shared.telemetry import logs, tracing
from shared.telemetry.health import Health

#: Container objects made, beyond those freed, before the collector looks at the young ones.
_ALLOCATIONS = 10_000

_log = logs.get(__name__)


def serve(
    service: str, settings_type: type[SettingsT], running: Callable[[SettingsT], AbstractContextManager[Health]]
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
            with ExitStack() as stack:
                stack.enter_context(tracing.traced(service, settings.traces_url, settings.traces_share))
                endpoint = stack.enter_context(Endpoint(settings.health_port)) if settings.health_port else None
                health = stack.enter_context(running(settings))
                if endpoint:
                    endpoint.watch(health)
                _settle_memory()
                _log.info("service is up")
                stopped.wait()
                _log.info("service is going down")
        except ParleyError as error:
            sys.exit(f"{service} cannot run: {error.message}")


def _settle_memory() -> None:
    """Let the garbage collector leave alone what lives as long as the process, and look less often at the rest.

    With Python's defaults it walks through all imported modules again and again: about a tenth of a gateway's time under load.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set. Main thread only; entered before anything starts, so that no signal is lost.

    A thread of its own sets it. A handler that did would run in the main thread between any two of its instructions: inside
    ``Event.wait`` that thread holds the lock that ``Event.set`` takes, and would wait for itself for ever.
    """
    stopped = threading.Event()
    told, tells = socket.socketpair()
    tells.setblocking(False)  # noqa: FBT003  # as set_wakeup_fd demands
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, _leave_to_thread) for number in numbers}
    wakeup = signal.set_wakeup_fd(tells.fileno())
    watcher = threading.Thread(target=_set_when_told, args=(told, stopped), name="stop signals", daemon=True)
    watcher.start()
    try:
        yield stopped
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        tells.close()  # the watcher reads the end of the stream
        watcher.join()
        told.close()


def _leave_to_thread(_number: int, _frame: FrameType | None) -> None:
    """Python writes a signal's number to the wakeup descriptor only where a handler of its own stands."""


def _set_when_told(told: socket.socket, stopped: threading.Event) -> None:
    while told.recv(1):
        stopped.set()
