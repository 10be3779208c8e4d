"""``python -m tests.load.chat``: chat turns a second over HTTP, beside what the machine could do at most.

Every turn is understood by the int8 model, answered by a template and stored. In one run, on the same cores and texts:

- limit: the same ONNX model called in process at its best batch, and nothing else;
- bare: that model behind an HTTP server, without broker and database;
- plumbing: our stack with an nlu that answers at once;
- stack: our stack;
- stack with two gateways: which share a port.

The bench's own client takes part of the same cores; its share is shown. CPU is in microseconds a turn. The limit is taken
anew right before and after each measurement, and the share of their mean is shown.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from shared.artifacts.bundle import Bundle
from tests.infrastructure import free_port
from tests.load.chat_client import Seen, texts
from tests.load.chat_limit import Limit
from tests.load.chat_model import FOLDER
from tests.load.chat_stack import Stack, cpu_seconds, load, stack
from tests.load.chat_training import ensure_bundle

Measure = Callable[[int, float], tuple[Seen, dict[str, float]]]

_CLIENTS = (1, 8, 64, 256)
#: Who reads the texts.
_NLU = {"plumbing": "tests.load.instant_nlu", "stack": "services.nlu", "stack with two gateways": "services.nlu"}
#: Processes in the order of a turn.
_PARTS = ("clients", "gateway", "gateway 2", "broker", "nlu", "generation", "database", "monitoring", "bare")


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (default: 10)")
    parser.add_argument("--clients", type=int, nargs="+", default=list(_CLIENTS))
    options = parser.parse_args()
    ensure_bundle()
    bundle, cores = Bundle.open(FOLDER), os.cpu_count() or 1
    limit = Limit(bundle, texts(), cores)
    print(f"limit: {limit.rate():.0f} texts/s in process, {limit.batch} at a time on {cores} cores")
    with bare() as measure:
        _show("bare", measure, options, limit)
    for name in _NLU:
        with serving(name, bundle) as running:
            _show(name, lambda clients, seconds: running.load(clients=clients, seconds=seconds), options, limit)


@contextmanager
def serving(name: str, bundle: Bundle) -> Iterator[Stack]:
    """Our stack, warm, with the nlu of that name."""
    with stack(bundle, {"PARLEY_SHARE_PORT": "true"}) as running:
        running.start("nlu", _NLU[name])
        if name == "stack with two gateways":
            running.start("gateway 2", "services.gateway")
        running.wait_until_answering()
        running.load(clients=8, seconds=2.0)
        yield running


@contextmanager
def bare() -> Iterator[Measure]:
    """The model behind HTTP, warm."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "tests.load.chat_bare", str(port)]) as server:
        _wait_for(port)

        def measure(clients: int, seconds: float) -> tuple[Seen, dict[str, float]]:
            before = cpu_seconds(server.pid)
            seen = load(port, "none", clients=clients, seconds=seconds)
            return seen, {"bare": cpu_seconds(server.pid) - before, "clients": seen.cpu}

        measure(8, 2.0)
        try:
            yield measure
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            httpx.get(f"http://127.0.0.1:{port}/docs", timeout=1)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the bare server does not start")


def _show(name: str, measure: Measure, options: argparse.Namespace, limit: Limit) -> None:
    print(
        f"\n{name}\n{'clients':>8}{'turns/s':>9}{'limit':>8}{'of it':>7}{'p50 ms':>8}{'p99 ms':>8}  failed  CPU us/turn"
    )
    before = limit.rate()
    for clients in options.clients:
        seen, cpu = measure(clients, options.seconds)
        after = limit.rate()
        most, before = (before + after) / 2, after
        turns = max(seen.answered, 1)
        bill = ", ".join(f"{part} {1e6 * cpu[part] / turns:.0f}" for part in _PARTS if part in cpu)
        whole = 1e6 * math.fsum(cpu.values()) / turns
        failed = sum(seen.statuses.values()) - seen.answered
        print(
            f"{clients:>8}{seen.rate:>9.0f}{most:>8.0f}{seen.rate / most:>7.2f}{seen.p50:>8.1f}{seen.p99:>8.1f}{failed:>8}"
            f"  {whole:.0f}: {bill}",
            flush=True,
        )


if __name__ == "__main__":
    main()
