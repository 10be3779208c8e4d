"""A rolling restart under load: every process is ended in peace and started again, one after the other, as an upgrade does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from tests.chaos.audit import Audit, Findings
from tests.chaos.caller import Caller
from tests.chaos.customers import busy
from tests.chaos.keeper import Outage
from tests.chaos.ledger import Ledger
from tests.chaos.members import Service
from tests.chaos.stack import Stack
from tests.waiting import wait_for

#: In the order of an upgrade: who reads messages first, who is called from outside last.
_ORDER = ("monitoring", "training", "recommendation", "generation", "nlu", "gateway")
#: Seconds that a process may take to serve again on a busy machine.
_PATIENCE = 60.0


@dataclass
class RollingResult:
    """How it went.

    Attributes:
        ledger: Every request.
        outages: One for each process, in order.
        findings: What was stored wrong.
    """

    ledger: Ledger = field(default_factory=lambda: Ledger("rolling"))
    outages: list[Outage] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)

    def was_away(self, gateway: str, began: float, ended: float) -> bool:
        """Whether a gateway could not take connections at any moment of a span of time."""
        return any(outage.name == gateway and outage.touches(began, ended) for outage in list(self.outages))

    def faults(self) -> list[str]:
        """Everything that must not be, in words: nobody is refused, since every service has another process."""
        failed = self.ledger.details("refused", "unclean", "hung")
        found = [f"failed: {detail} ({times} times)" for detail, times in failed.items()]
        return [*found, *self.findings.lost, *self.findings.doubled, *self.findings.wrong]

    def lines(self) -> Iterator[str]:
        """What is shown of it."""
        longest = max(outage.ended - outage.began for outage in self.outages)
        yield (
            f"{len(self.outages)} processes restarted one by one under {len(self.ledger.attempts)} requests, "
            f"{self.ledger.count('answered')} answered, {self.ledger.count('unreachable')} without connection to the "
            f"gateway that restarted; longest away {longest:.1f} s"
        )
        for fault in self.faults():
            yield f"FAULT {fault}"


def play(stack: Stack, customers: int) -> RollingResult:
    """Restart every process of the services; at the end all serve again."""
    result = RollingResult()
    caller = Caller(stack, result.ledger, result.was_away, Random("rolling"), lambda: True)
    with busy(stack, result.ledger, result.was_away, seed=0, customers=customers):
        for service in _ORDER:
            for name, process in stack.services(service).items():
                result.outages.append(outage := Outage(name, time.monotonic(), ordered=True))
                _restart(name, process)
                outage.ended = time.monotonic()
    result.findings = Audit(stack, result.ledger, caller).run()
    caller.close()
    return result


def _restart(name: str, process: Service) -> None:
    process.stop()
    process.start()
    wait_for(process.answers, _PATIENCE, f"{name} serves again", pause=0.1)
