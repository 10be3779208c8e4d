"""Any plan of failures, on any batches: nothing is lost, nothing is answered twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.chat.analysis import AnalyzeText
from shared.contracts.message import Exchange, Message
from shared.contracts.training.jobs import JobQueued
from shared.errors import InvalidInput, Unavailable
from shared.messaging.bus import Publisher, Subscription
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import Handlers
from shared.messaging.envelope import Envelope, envelope
from shared.messaging.memory.bus import MemoryBus
from shared.messaging.topology import Binding, Queues, QueueSpec
from tests.unit.messaging.samples import alert, analyze, analyzed, events_queue

MIXED = QueueSpec("mixed", (Binding(Exchange.RPC, "nlu"), Binding(Exchange.RPC, "train.cpu")))
SUCCESSES = events_queue("successes", max_length=1000)
SOON = 20.0

Fault = type[BaseException]


@dataclass(frozen=True)
class Plan:
    """What happens to a message: these faults, one a call, and then one for ever, or success."""

    passing: tuple[Fault, ...]
    lasting: Fault | None


plans = st.lists(
    st.builds(
        Plan,
        passing=st.lists(st.sampled_from([Unavailable, SystemExit]), max_size=2).map(tuple),
        lasting=st.sampled_from([None, None, InvalidInput, ValueError]),
    ),
    max_size=6,
)


class Planned:
    """A handler that fails by plan, in the middle of batches. Every success has a visible answer."""

    def __init__(self, plan: dict[str, Plan]) -> None:
        self._lasting = {name: each.lasting for name, each in plan.items()}
        self._passing = {name: list(each.passing) for name, each in plan.items()}

    def requests(self, requests: Sequence[AnalyzeText]) -> list[Message | None]:
        return [self._step(request.texts[0], analyzed()) for request in requests]

    def jobs(self, jobs: Sequence[JobQueued]) -> list[Message | None]:
        return [self._step(job.job_id, alert()) for job in jobs]

    def _step(self, name: str, answer: Message) -> Message:
        if self._passing[name]:
            raise self._passing[name].pop(0)("by plan")
        lasting = self._lasting[name]
        if lasting is not None:
            raise lasting("by plan")
        return answer


@settings(max_examples=25, deadline=None)
@given(requests=plans, jobs=plans, batch_size=st.integers(min_value=1, max_value=8))
def test_nothing_is_lost_and_nothing_is_answered_twice(requests: list[Plan], jobs: list[Plan], batch_size: int) -> None:
    plan = {f"request-{n}": each for n, each in enumerate(requests)} | {f"job-{n}": each for n, each in enumerate(jobs)}
    bus = MemoryBus()
    with ExitStack() as stack:
        publisher = stack.enter_context(bus.publisher())
        with bus.subscribe(MIXED, 1):
            pass  # it exists from now on
        watched = {
            kind: stack.enter_context(bus.subscribe(queue, 1000))
            for kind, queue in (("reply", Queues.reply("test")), ("success", SUCCESSES), ("kept", Queues.DEAD))
        }
        publisher.publish([request_or_job(name) for name in plan])
        outcomes = run_until_all_ended(bus, publisher, Planned(plan), batch_size, watched, set(plan))

    expected: Counter[tuple[str, str]] = Counter()
    for name, each in plan.items():
        if name.startswith("request"):
            expected["reply", name] = 1
        else:
            expected["success" if each.lasting is None else "kept", name] = 1
    assert outcomes == expected
    assert bus.depth(MIXED) == 0


def request_or_job(name: str) -> Envelope:
    if name.startswith("request"):
        deadline = time.time() + SOON
        return envelope(analyze(name), reply_to="rpc.reply.test", deadline=deadline, request_id=name)
    return envelope(JobQueued(job_id=name), request_id=name)


def run_until_all_ended(
    bus: MemoryBus,
    publisher: Publisher,
    handler: Planned,
    batch_size: int,
    watched: dict[str, Subscription],
    names: set[str],
) -> Counter[tuple[str, str]]:
    """Run consumers, a new one whenever one exited; counts what came out, by kind and name."""
    handlers: Handlers = {AnalyzeText: handler.requests, JobQueued: handler.jobs}
    outcomes: Counter[tuple[str, str]] = Counter()
    stop_at = time.monotonic() + SOON
    while not names <= {name for _, name in outcomes} and time.monotonic() < stop_at:
        with Consumer(bus, MIXED, handlers, publisher=publisher, batch_size=batch_size) as consumer:
            while consumer.alive and not names <= {name for _, name in outcomes} and time.monotonic() < stop_at:
                outcomes += arrivals(watched)
    return outcomes + arrivals(watched)


def arrivals(watched: dict[str, Subscription]) -> Counter[tuple[str, str]]:
    return Counter(
        (kind, delivery.encoded.request_id or "")
        for kind, subscription in watched.items()
        for delivery in subscription.receive(100, 0.01)
    )
