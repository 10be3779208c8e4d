"""``python -m tests.load.scale``: what more nlu processes bring, and what happens to those who come when all are busy.

The model's time is simulated by sleeping, so that replicas on one machine do not take its cores from each other; all else is
real. First 1, 2, 4 and 8 replicas under more clients than they can serve; then one replica at half of what it can do, at
all of it and at three times as much, the gateway letting as many requests wait as it can answer in half a second.
"""

from __future__ import annotations

import argparse
import re
import time

from shared.artifacts.bundle import Bundle
from tests.load.chat_model import FOLDER
from tests.load.chat_stack import Stack, stack
from tests.load.chat_training import ensure_bundle

_REPLICAS = (1, 2, 4, 8)
#: Seconds that the simulated model takes for a text.
_MODEL_SECONDS = 0.040
_CLIENTS_PER_REPLICA = 16
#: Seconds that a request may wait in the gateway under overload.
_PATIENCE = 0.5
_OVERLOADS = (0.5, 1.0, 3.0)


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (default: 10)")
    seconds = parser.parse_args().seconds
    ensure_bundle()
    bundle = Bundle.open(FOLDER)
    _replicas(bundle, seconds)
    _overload(bundle, seconds)


def _replicas(bundle: Bundle, seconds: float) -> None:
    print(f"one text takes {1e3 * _MODEL_SECONDS:.0f} ms of model time")
    print(f"{'replicas':>8}{'turns/s':>9}{'of linear':>10}{'p50 ms':>8}{'p99 ms':>8}  failed  share of the turns")
    for count in _REPLICAS:
        with stack(bundle, {}) as running:
            names = [f"nlu-{number}" for number in range(count)]
            for name in names:
                _start(running, name)
            _wait_for_all(running, names)
            seen, _ = running.load(clients=_CLIENTS_PER_REPLICA * count, seconds=seconds)
            running.platform.stop()
            read = [_texts_read(running, name) for name in names]
        failed = sum(seen.statuses.values()) - seen.answered
        shares = ", ".join(f"{part / sum(read):.2f}" for part in read)
        of_linear = seen.rate * _MODEL_SECONDS / count
        print(
            f"{count:>8}{seen.rate:>9.0f}{of_linear:>10.2f}{seen.p50:>8.0f}{seen.p99:>8.0f}{failed:>8}  {shares}",
            flush=True,
        )


def _overload(bundle: Bundle, seconds: float) -> None:
    capacity = 1.0 / _MODEL_SECONDS
    waiting = round(capacity * _PATIENCE)
    print(f"\none replica, {capacity:.0f} turns/s at most; {waiting} requests may wait")
    print(f"{'offered/s':>9}{'turns/s':>9}{'p50 ms':>8}{'p99 ms':>8}  429  without Retry-After  other failures")
    with stack(bundle, {"PARLEY_PENDING_LIMIT": str(waiting), "PARLEY_BATCH_SIZE": "4"}) as running:
        _start(running, "nlu-0")
        _wait_for_all(running, ["nlu-0"])
        for factor in _OVERLOADS:
            seen, _ = running.load(clients=4 * waiting, seconds=seconds, rate=factor * capacity)
            refused = seen.statuses.get("429", 0)
            other = sum(seen.statuses.values()) - seen.answered - refused
            print(
                f"{factor * capacity:>9.0f}{seen.rate:>9.1f}{seen.p50:>8.0f}{seen.p99:>8.0f}{refused:>5}"
                f"{seen.unhelpful:>21}{other:>16}",
                flush=True,
            )
            time.sleep(2 * _PATIENCE)


def _start(running: Stack, name: str) -> None:
    running.start(name, "tests.load.instant_nlu", str(_MODEL_SECONDS))


def _wait_for_all(running: Stack, names: list[str]) -> None:
    running.wait_until_answering()
    while not all("serving" in running.platform.log(name) for name in names):
        time.sleep(0.1)


def _texts_read(running: Stack, name: str) -> int:
    found = re.search(r"read (\d+) texts", running.platform.log(name))
    assert found is not None, running.platform.log(name)
    return int(found[1])


if __name__ == "__main__":
    main()
