"""Promotion under load: two models take turns in production while customers chat."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
import psutil

from tests.bundles import MINILM, Recipe
from tests.chaos.customers import busy
from tests.chaos.ledger import Ledger
from tests.chaos.stack import Stack, publish
from tests.waiting import wait_for

MODELS = (Recipe("ft:chaos:parley::one", 1, size=MINILM), Recipe("ft:chaos:parley::two", 2, size=MINILM))

#: How much more memory nlu may hold after the last swap than after the second, when both models have been loaded once.
GROWTH_LIMIT = 1.15
_SETTLED = 2

#: Seconds of load between two swaps.
_BETWEEN = 1.0
#: Seconds that a swap may take on a busy machine.
_PATIENCE = 60.0
_MEBIBYTE = 1024 * 1024

_LOADED = re.compile(r'^parley_model_loaded\{model="([^"]+)",slot="nlu"\} 1\.0$', re.MULTILINE)


@dataclass(frozen=True)
class SwapResult:
    """How it went.

    Attributes:
        ledger: Every request.
        seconds: Of each swap, from the call until every nlu process serves the other model.
        memory: Resident MiB by process, after each swap.
    """

    ledger: Ledger
    seconds: list[float]
    memory: list[Mapping[str, float]]

    def growth(self) -> dict[str, float]:
        """Memory of each process after the last swap as a multiple of that after the second."""
        settled, last = self.memory[_SETTLED - 1], self.memory[-1]
        return {name: last[name] / settled[name] for name in last}

    def faults(self) -> list[str]:
        """Everything that must not be, in words."""
        failed = self.ledger.details("refused", "unreachable", "unclean", "hung")
        found = [f"failed: {detail} ({times} times)" for detail, times in failed.items()]
        return found + [
            f"{name} grew to {growth:.2f} x" for name, growth in self.growth().items() if growth > GROWTH_LIMIT
        ]

    def lines(self) -> Iterator[str]:
        """What is shown of it."""
        yield (
            f"{len(self.seconds)} swaps under {len(self.ledger.attempts)} requests, "
            f"{self.ledger.count('answered')} answered; longest swap {max(self.seconds):.1f} s, "
            f"longest request {max(each.seconds for each in self.ledger.attempts):.1f} s"
        )
        for name, growth in self.growth().items():
            shown = " ".join(f"{memory[name]:.0f}" for memory in self.memory)
            yield f"{name:14} {growth:.2f} x  MiB after each swap: {shown}"
        for fault in self.faults():
            yield f"FAULT {fault}"


def play(stack: Stack, swaps: int, customers: int) -> SwapResult:
    """Promote one model after the other; at the end the stack serves what it served before."""
    for recipe in MODELS:
        publish(stack.database, stack.home, recipe)
    result = SwapResult(Ledger("swaps"), [], [])
    with busy(stack, result.ledger, lambda *_: False, seed=swaps, customers=customers):
        for number in range(swaps):
            result.seconds.append(_swap(stack, MODELS[number % len(MODELS)].model_id))
            time.sleep(_BETWEEN)
            result.memory.append(_memory(stack))
    _swap(stack, stack.model_id)
    return result


def _swap(stack: Stack, model_id: str) -> float:
    began = time.monotonic()
    gateway = next(iter(stack.http(30).values()))
    with gateway:
        gateway.post(f"/v1/models/{model_id}/promote", json={}).raise_for_status()
    wait_for(
        lambda: {_served(service.url) for service in stack.services("nlu").values()} == {model_id},
        _PATIENCE,
        f"nlu serves {model_id}",
    )
    return time.monotonic() - began


def _served(url: str) -> str:
    found = _LOADED.search(httpx.get(f"{url}/metrics", timeout=5).text)
    return found[1] if found else ""


def _memory(stack: Stack) -> dict[str, float]:
    members = stack.services("nlu") | stack.services("generation")
    return {name: psutil.Process(member.pid).memory_info().rss / _MEBIBYTE for name, member in members.items()}
