"""What a request and its reply cost: the bus in memory and RabbitMQ, in CPU per round trip.

    python -m tests.load.messaging [--broker URL] [--requests N] [--rounds N]

Absolute rates move with whatever else the machine does, so the buses take turns and medians are shown; compare the
CPU times and the ratios within one run. The answering service runs in a process of its own on RabbitMQ, and beside the
requester in memory.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.chat.understanding import IntentScore, Sentiment, Understanding
from shared.contracts.message import Message
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import Handlers, one_by_one
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from tests.integration.places import clean

#: Of everything that it makes on the broker, and removes at the end.
PREFIX = "load."
#: Requests under way at the same time in the closed loop.
WINDOW = 128
REQUEST = AnalyzeText(texts=("where is my order A-10432? I have been waiting for two weeks now",))
REPLY = TextAnalyzed(
    understandings=(
        Understanding(
            model="ft:minilm:parley::a1b2c3",
            intent=IntentScore(name="order_status", confidence=0.97),
            sentiment=Sentiment(label="negative", score=-0.7, confidence=0.8),
            language="en",
        ),
    ),
    tokens=16,
)


@dataclass(frozen=True)
class Round:
    """One round on one bus.

    Attributes:
        rate: Round trips a second in the closed loop.
        cpu: Microseconds of CPU a round trip, requester and service (not the broker).
        median: Milliseconds of a round trip with nothing else under way.
        worst: The same for the slowest of a hundred.
    """

    rate: float
    cpu: float
    median: float
    worst: float


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", default="amqp://guest:guest@127.0.0.1:5672//")
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve_until_told(chosen.broker)
        return
    try:
        show(measured(chosen.broker, chosen.rounds, chosen.requests))
    finally:
        clean(chosen.broker, PREFIX)


def measured(broker: str, rounds: int, requests: int) -> dict[str, list[Round]]:
    """The rounds of each bus, in turns."""
    found: dict[str, list[Round]] = {"memory": [], "RabbitMQ": []}
    for _ in range(rounds):
        with requester_in_memory() as requester:
            found["memory"].append(measure(requester, None, requests))
        with requester_on_rabbitmq(broker) as (requester, service):
            found["RabbitMQ"].append(measure(requester, service, requests))
    return found


def measure(requester: Requester, service: subprocess.Popen[str] | None, requests: int) -> Round:
    """A closed loop, then single requests."""
    for _ in range(200):
        requester.submit(REQUEST, timeout=60).result()
    cpu, started = cpu_seconds(service), time.perf_counter()
    under_way: deque[Future[Message]] = deque()
    for _ in range(requests):
        under_way.append(requester.submit(REQUEST, timeout=60))
        if len(under_way) >= WINDOW:
            under_way.popleft().result()
    for future in under_way:
        future.result()
    seconds, cpu = time.perf_counter() - started, cpu_seconds(service) - cpu
    alone = []
    for _ in range(300):
        started = time.perf_counter()
        requester.submit(REQUEST, timeout=60).result()
        alone.append(1e3 * (time.perf_counter() - started))
    alone.sort()
    return Round(requests / seconds, 1e6 * cpu / requests, alone[len(alone) // 2], alone[-len(alone) // 100])


@contextmanager
def requester_in_memory() -> Iterator[Requester]:
    """Both ends in this process."""
    with (
        connect("memory://load") as bus,
        bus.publisher() as publisher,
        Requester(bus, "load") as requester,
        Consumer(bus, Queues.NLU, handlers(), publisher=publisher),
    ):
        yield requester


@contextmanager
def requester_on_rabbitmq(broker: str) -> Iterator[tuple[Requester, subprocess.Popen[str]]]:
    """The service in a process of its own."""
    command = [sys.executable, "-m", "tests.load.messaging", "--serve", "--broker", broker]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdin is not None
        with connect(broker, prefix=PREFIX) as bus, Requester(bus, "load") as requester:
            yield requester, service
        service.stdin.close()


def serve_until_told(broker: str) -> None:
    """Answer; tell the CPU time for each line read; end with the input."""
    with (
        connect(broker, prefix=PREFIX) as bus,
        bus.publisher() as publisher,
        Consumer(bus, Queues.NLU, handlers(), publisher=publisher),
    ):
        for _ in sys.stdin:
            print(time.process_time(), flush=True)


def cpu_seconds(service: subprocess.Popen[str] | None) -> float:
    """Of this process, and of the service if it is another one."""
    spent = time.process_time()
    if service is not None:
        assert service.stdin is not None
        assert service.stdout is not None
        service.stdin.write("\n")
        service.stdin.flush()
        spent += float(service.stdout.readline())
    return spent


def handlers() -> Handlers:
    """A service that costs nothing itself."""

    def answer(_: AnalyzeText) -> Message:
        return REPLY

    return {AnalyzeText: one_by_one(answer)}


def show(rounds: dict[str, list[Round]]) -> None:
    """Medians, and what RabbitMQ costs more."""
    print(f"{'bus':10} {'trips/s':>9} {'CPU us':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for name, measured in rounds.items():
        figures = [statistics.median(getattr(each, field) for each in measured) for field in Round.__annotations__]
        print(f"{name:10} {figures[0]:9.0f} {figures[1]:8.0f} {figures[2]:8.2f} {figures[3]:8.2f}")
    ratios = [rabbit.cpu / memory.cpu for memory, rabbit in zip(rounds["memory"], rounds["RabbitMQ"], strict=True)]
    print(f"RabbitMQ / memory in CPU, within each round: {', '.join(f'{ratio:.1f}' for ratio in ratios)}")


if __name__ == "__main__":
    main()
