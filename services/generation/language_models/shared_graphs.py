"""Graphs that several loaded models share: one memory, and one batch in which each row has the updates of its own model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import LORA, TOKENIZER
from shared.contracts.chat.generation import Sampling
from shared.decoding.answer import Emit, Finish
from shared.decoding.lora import read_lora
from shared.decoding.sampling import Constraint
from shared.decoding.scheduler import Scheduler


class Answers(Protocol):
    """Whatever writes answers: see ``Scheduler``."""

    def submit(
        self, prompt: Sequence[int], sampling: Sampling, emit: Emit, constraint: Constraint | None = None
    ) -> Future[Finish]:
        """Ask for an answer."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """One of the models that share a scheduler. See ``Answers``.

    Attributes:
        scheduler: Of all of them.
        lora: Its number among them.
        leave: What closing it does.
    """

    scheduler: Scheduler
    lora: int
    leave: Callable[[int], None]

    def submit(
        self, prompt: Sequence[int], sampling: Sampling, emit: Emit, constraint: Constraint | None = None
    ) -> Future[Finish]:
        """Ask for an answer."""
        return self.scheduler.submit(prompt, sampling, emit, constraint, lora=self.lora)

    def close(self) -> None:
        """Leave; with the last one the graph's memory is freed."""
        self.leave(self.lora)


@dataclass(slots=True)
class _Shared:
    scheduler: Scheduler
    members: int


class SharedGraphs:
    """The schedulers of loaded models whose updates lie beside their graph, by that graph."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._shared: dict[str, _Shared] = {}

    def join(self, bundle: Bundle, served: str, opened: Callable[[], Scheduler]) -> Answers:
        """A place for a model: beside others of its graph, or the first.

        Args:
            bundle: The model.
            served: Which of its graphs.
            opened: Loads it.

        Raises:
            BrokenArtifact: Its files do not fit together.
        """
        if LORA not in bundle.manifest.files:
            return opened()
        key = _key(bundle, served)
        with self._lock:
            shared = self._shared.get(key)
            if shared is not None and shared.scheduler.alive:
                number = shared.scheduler.put_lora(read_lora(bundle.folder / LORA))
                shared.members += 1
            else:
                shared, number = _Shared(opened(), 1), 0
                self._shared[key] = shared
        return Member(shared.scheduler, number, lambda lora: self._leave(key, shared, lora))

    def _leave(self, key: str, shared: _Shared, lora: int) -> None:
        with self._lock:
            shared.members -= 1
            if shared.members:
                shared.scheduler.drop_lora(lora)
                return
            if self._shared.get(key) is shared:
                del self._shared[key]
        shared.scheduler.close()


def _key(bundle: Bundle, served: str) -> str:
    """The same for models that can share: graph with its weights, and tokenizer."""
    names = sorted(name for name in bundle.manifest.files if name.startswith(served) or name == TOKENIZER)
    return " ".join(bundle.manifest.files[name].sha256 for name in names)
