from __future__ import annotations

import os
import signal

import pytest

from shared.process import stop_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_is_noted_and_nothing_else_happens(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_signals() as stopped:
        assert not stopped.is_set()
        os.kill(os.getpid(), number)
        assert stopped.wait(5)
    assert signal.getsignal(number) is before


def test_a_signal_amid_a_wait_is_not_waited_for_by_itself() -> None:
    """The main thread holds the event's lock for some instructions of each wait; a handler that took it would never return."""
    with stop_signals() as stopped:
        with stopped._cond:  # type: ignore[attr-defined]  # where ``wait`` is when the signal comes
            os.kill(os.getpid(), signal.SIGTERM)
        assert stopped.wait(5)
