"""One round: a stack under load, a number of kills, and the verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random

from tests.chaos.audit import Audit, Findings
from tests.chaos.caller import Caller
from tests.chaos.customers import busy
from tests.chaos.errands import Errands, running
from tests.chaos.jobs import Jobs
from tests.chaos.keeper import Keeper, Outage
from tests.chaos.ledger import Ledger
from tests.chaos.recovery import Recovery, Surgeon
from tests.chaos.stack import Stack
from tests.chaos.victims import plan

#: Seconds after which the stack has to be well again, from when the victim runs again.
RECOVERY_LIMIT = 15.0


@dataclass(frozen=True)
class Result:
    """How a round went.

    Attributes:
        seed: Decides the order of kills and all that customers do.
        recoveries: One for each kill, in order.
        ledger: Every request.
        findings: What was stored wrong.
        faulty_jobs: Jobs that did not end as they had to.
        faulty_errands: Background responses, batch, run of an eval and webhooks of which something is lost or there twice.
        jobs: How many there were.
        deaths: Processes that died by themselves.
        seconds: From the first customer to the last.
    """

    seed: int
    recoveries: Sequence[Recovery]
    ledger: Ledger
    findings: Findings
    faulty_jobs: Sequence[str]
    faulty_errands: Sequence[str]
    jobs: int
    deaths: Sequence[Outage]
    seconds: float

    @property
    def kills(self) -> Counter[str]:
        """How many of each kind."""
        return Counter(recovery.kill.kind for recovery in self.recoveries)

    def faults(self) -> list[str]:
        """Everything that must not be, in words."""
        found = [f"lost: {each}" for each in self.findings.lost]
        found += [f"doubled: {each}" for each in self.findings.doubled]
        found += [f"wrong: {each}" for each in self.findings.wrong]
        found += [f"hung: {detail} ({times} times)" for detail, times in self.ledger.details("hung").items()]
        found += [
            f"unclean error: {detail} ({times} times)" for detail, times in self.ledger.details("unclean").items()
        ]
        found += [f"job: {each}" for each in self.faulty_jobs]
        found += [f"errand: {each}" for each in self.faulty_errands]
        found += [f"{death.name} died by itself" for death in self.deaths]
        found += [
            f"{recovery.kill.member} ran again, but the stack took {recovery.well:.1f} s"
            for recovery in self.recoveries
            if recovery.well > RECOVERY_LIMIT
        ]
        return found


def play(stack: Stack, seed: int, kills: int, customers: int) -> Result:
    """Kill so many, and see what became of everything.

    Args:
        stack: Freshly started; it runs again afterwards.
        seed: Decides who is killed, when, and what customers do.
        kills: How many.
        customers: Threads that send requests.
    """
    ledger = Ledger("kills")
    began = time.monotonic()
    with ExitStack() as contexts:
        keeper = contexts.enter_context(Keeper(stack.members))
        caller = Caller(stack, ledger, keeper.was_away, Random(f"{seed} surgeon"), lambda: True)
        contexts.callback(caller.close)
        jobs = Jobs(stack, caller)
        jobs.begin()
        errands = contexts.enter_context(running(stack, caller, ledger))
        with busy(stack, ledger, keeper.was_away, seed, customers):
            recoveries = _operate(Surgeon(stack, keeper, jobs, caller, ledger), jobs, errands, seed, kills)
        seconds = time.monotonic() - began
        faulty_jobs = jobs.faults()
        faulty_errands = errands.faults()
        findings = Audit(stack, ledger, caller).run()
        deaths = keeper.unordered()
    return Result(seed, recoveries, ledger, findings, faulty_jobs, faulty_errands, len(jobs.expected), deaths, seconds)


def _operate(surgeon: Surgeon, jobs: Jobs, errands: Errands, seed: int, kills: int) -> list[Recovery]:
    surgeon.wait_until_well()
    blows = plan(seed, kills)
    recoveries = []
    for number, kill in enumerate(blows):
        if number == kills // 2:
            jobs.cancel_one()
        errands.respond()
        recoveries.append(surgeon.strike(kill))
    return recoveries
