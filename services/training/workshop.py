"""What a job works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.training.journal import Journal
from services.training.lease import Lease
from services.training.outbox import Outbox
from shared.artifacts.store import ArtifactStore


@dataclass(frozen=True, slots=True)
class Workshop:
    """The surroundings of one attempt at a job.

    Attributes:
        lease: The right to write for the job.
        store: Files, models, checkpoints.
        folder: A directory of the job's own; whoever made it removes it.
        base_models: The folder of base models that a job may name.
        journal: Where the story of the job is told.
        outbox: For what others are waiting for.
        threads: Cores to use.
        checkpoint_seconds: Time between checkpoints.
        stopping: Whether the process was told to stop.
    """

    lease: Lease
    store: ArtifactStore
    folder: Path
    base_models: Path
    journal: Journal
    outbox: Outbox
    threads: int
    checkpoint_seconds: float
    stopping: Callable[[], bool]
