"""The model that another one learns from: its bundle, and its encoder where it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.training.jobs.lease import JobLease
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import encoder_key, model_key
from shared.artifacts.manifest import FP32_MODEL
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import JobSpec
from shared.errors import BrokenArtifact, NotFound, TrainingFailed
from shared.storage.training import models


@dataclass(frozen=True, slots=True)
class Teacher:
    """A model of ours on the disk.

    Attributes:
        bundle: Its files.
        encoder: A directory with its encoder; ``None`` where its tuning stays in its graph.
    """

    bundle: Bundle
    encoder: Path | None

    @property
    def graph(self) -> Path:
        """What it computes, as exactly as it is kept."""
        exact = FP32_MODEL in self.bundle.manifest.files
        return self.bundle.path(FP32_MODEL if exact else self.bundle.manifest.served_file)


def find_teacher(spec: JobSpec, lease: JobLease, store: ArtifactStore, cache: Path) -> Teacher | None:
    """The teacher of a job; ``None`` if it has none, or goes on from a model of another task without having asked for a teacher.

    Args:
        spec: The job.
        lease: Of the job.
        store: Where models are.
        cache: A local folder for what comes out of it.

    Raises:
        TrainingFailed: There is no such model, or it is of another task.
    """
    asked = spec.distillation
    if asked is None:
        return None
    if asked.teacher is None:
        raise TrainingFailed(
            "'distillation' names no teacher. Name one of your models, or go on from one of them.", param="objectives"
        )
    name = asked.teacher
    try:
        lease.read(lambda session: models.get(session, name))
        bundle = Bundle.open(store.fetch_folder(model_key(name), cache))
    except NotFound:
        raise TrainingFailed(f"There is no model {name} to learn from.", param="objectives") from None
    except BrokenArtifact as error:
        raise TrainingFailed(f"The teacher cannot be read: {error.message}.", param="objectives") from error
    if bundle.manifest.task != spec.task:
        if spec.objectives == "auto":
            return None
        raise TrainingFailed(
            f"The teacher {name} is a model of task '{bundle.manifest.task}', and the job is of '{spec.task}'. Name one of the same task.",
            param="objectives",
        )
    key = encoder_key(name)
    return Teacher(bundle, store.fetch_folder(key, cache) if store.exists(key) else None)
