"""A short round of what ``make chaos`` does at length."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.chaos import report, rolling, stack, swaps
from tests.chaos.audit import Audit
from tests.chaos.caller import Caller
from tests.chaos.ledger import Ledger
from tests.chaos.round import play
from tests.chaos.stack import Stack
from tests.chaos.victims import KINDS, plan
from tests.infrastructure import required

#: A failure is played again with ``python -m tests.chaos --swaps 0 --no-rolling --seed 1 --kills 8``.
SEED = 1


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with required(stack.running()) as started:
        yield started


def test_a_swap_of_models_costs_no_request_and_no_memory(running: Stack) -> None:
    result = swaps.play(running, swaps=6, customers=4)
    print("\n".join(result.lines()))
    assert result.faults() == []
    assert result.ledger.count("answered") > 50


def test_a_rolling_restart_refuses_nobody_and_loses_nothing(running: Stack) -> None:
    result = rolling.play(running, customers=4)
    print("\n".join(result.lines()))
    assert result.faults() == []
    assert result.ledger.count("answered") > 50


def test_nothing_that_was_accepted_is_lost_or_doubled_whoever_is_killed(running: Stack) -> None:
    result = play(running, SEED, kills=len(KINDS), customers=6)
    print("\n".join(report.lines(result)))
    assert result.faults() == []
    assert set(result.kills) == {kind.name for kind in KINDS}
    assert len(result.ledger.accepted) > 100


def test_the_audit_sees_what_is_missing_and_what_is_there_twice(running: Stack) -> None:
    ledger = Ledger("audit")
    caller = Caller(running, ledger, lambda *_: False, Random(0), lambda: True)
    for words in ("twice (audit-1)", "twice (audit-1)", "from nowhere (audit-5)"):
        body = {"model": "parley", "messages": [{"role": "user", "content": words}]}
        caller.until_answered("POST", "/v1/chat/completions", body, key=None)
    ledger.say("twice (audit-1)", None)
    ledger.say("never stored (audit-2)", None).turn_id = "turn_nobody"
    ledger.say("answered as two turns (audit-3)", "key").repeated.append("turn_other")
    ledger.send(["audit-4"])[0].accepted = True
    found = Audit(running, ledger, caller).run()
    caller.close()
    assert [lost.partition(":")[0] for lost in found.lost] == [
        "turn_nobody",
        "turn_nobody.assistant is not listed",
        "document audit-4 is not counted",
    ]
    assert [doubled.partition(":")[0] for doubled in found.doubled] == ["twice (audit-1)", "key"]
    assert "nobody said 'from nowhere (audit-5)'" in found.wrong


def test_the_seed_alone_decides_the_order() -> None:
    kills = 4 * len(KINDS)
    assert plan(3, kills) == plan(3, kills) != plan(4, kills)
    for start in range(0, kills, len(KINDS)):
        assert {kill.kind for kill in plan(3, kills)[start : start + len(KINDS)]} == {kind.name for kind in KINDS}
