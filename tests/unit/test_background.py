from __future__ import annotations

import threading
import time

from structlog.testing import capture_logs

from shared.background import Ticker
from shared.errors import Unavailable


def test_a_chore_comes_round_until_the_end_even_if_it_fails() -> None:
    rounds: list[float] = []
    enough = threading.Event()

    def chore() -> None:
        rounds.append(time.monotonic())
        if len(rounds) == 3:
            enough.set()
        raise ValueError("a bad day")

    started = time.monotonic()
    with Ticker("chore", chore, 0.05):
        assert enough.wait(10)
    assert rounds[0] - started >= 0.05
    done = len(rounds)
    time.sleep(0.15)
    assert len(rounds) == done


def test_trouble_is_told_once_and_so_is_its_end() -> None:
    outcomes = iter(
        [None, Unavailable("no database"), Unavailable("no database"), Unavailable("no broker"), None, None]
    )
    over = threading.Event()

    def chore() -> None:
        try:
            outcome = next(outcomes)
        except StopIteration:
            over.set()
        else:
            if outcome is not None:
                raise outcome

    with capture_logs() as told, Ticker("chore", chore, 0.01):
        assert over.wait(10)
    assert [(line["log_level"], line.get("reason")) for line in told] == [
        ("error", "no database"),
        ("error", "no broker"),
        ("info", None),
    ]


def test_a_ticker_with_a_long_pause_ends_at_once() -> None:
    started = time.monotonic()
    with Ticker("idle", lambda: None, 3600.0):
        pass
    assert time.monotonic() - started < 5.0
