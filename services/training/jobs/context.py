"""What a job works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.training.fitting.group import ALONE, Group
from services.training.jobs.channel import Channel
from services.training.jobs.events import JobEvents
from services.training.jobs.lease import JobLease
from services.training.tracking.tracking import Tracking
from shared.artifacts.store import ArtifactStore


@dataclass(frozen=True, slots=True)
class AttemptContext:
    """The surroundings of one attempt at a job.

    Attributes:
        lease: The right to write for the job.
        store: Files, models, checkpoints.
        folder: A directory of the job's own; whoever made it removes it.
        base_models: The folder of base models that a job may name.
        events: Where the story of the job is told.
        tracking: Who else keeps its curves.
        channel: For what others are waiting for.
        threads: Cores to use.
        checkpoint_seconds: Time between checkpoints.
        stopping: Whether the process was told to stop.
        group: The processes that train together.
    """

    lease: JobLease
    store: ArtifactStore
    folder: Path
    base_models: Path
    events: JobEvents
    tracking: Tracking
    channel: Channel
    threads: int
    checkpoint_seconds: float
    stopping: Callable[[], bool]
    group: Group = ALONE
