"""Checkpoints that outlive the machine: each one is also put into the artifact store."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

from services.training.fitting.checkpoint import BEST, CheckpointFolder, Progress
from services.training.jobs.lease import JobLease
from shared.artifacts.layout import checkpoints_key
from shared.artifacts.store import ArtifactStore
from shared.storage import jobs
from shared.storage.tables import JobCheckpoint

#: Checkpoints of a job that are kept in the store while it runs.
_KEPT = 2


class StoredCheckpoints(CheckpointFolder):
    """A checkpoint folder whose snapshots are stored and listed with the job.

    Args:
        path: The local folder.
        store: Where copies go, under ``jobs/<id>/checkpoints/step-<n>``.
        lease: Of the job.
    """

    def __init__(self, path: Path, store: ArtifactStore, lease: JobLease) -> None:
        super().__init__(path)
        self._store = store
        self._lease = lease

    def fetch(self) -> int | None:
        """Bring the newest stored checkpoint to the local folder; its step, or ``None`` if there is none."""
        for checkpoint in self._stored(_KEPT):
            if self._store.exists(checkpoint.folder):
                self._unpack(self._store.fetch_folder(checkpoint.folder, self.path.parent / "fetched"))
                return checkpoint.step_number
        return None

    def save(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        progress: Progress,
        tuning: Mapping[str, Tensor] = MappingProxyType({}),
    ) -> None:
        """Write a snapshot, store a copy together with the best weights, and list it.

        Raises:
            LeaseLost: The job is no longer ours.
        """
        super().save(model, optimizer, progress, tuning)
        snapshot = self.latest()
        assert snapshot is not None  # noqa: S101  # it was written a line ago
        key = f"{self._folder}/{snapshot.name}"
        with tempfile.TemporaryDirectory(dir=self.path, prefix=".") as staging:
            for file in [*snapshot.iterdir(), *self.path.glob(BEST)]:
                (Path(staging) / file.name).hardlink_to(file)
            self._store.put_folder(key, Path(staging))
        metrics = {"step": progress.step, **{f"valid_{name}": value for name, value in progress.best_scores.items()}}
        job_id, step, now = self._lease.job_id, progress.step, self._lease.clock()
        self._lease.write(lambda session: jobs.add_checkpoint(session, job_id, step, metrics, key, now))
        for old in self._stored(_KEPT + 1)[_KEPT:]:
            self._store.delete(old.folder)

    def _stored(self, limit: int) -> list[JobCheckpoint]:
        return self._lease.read(partial(jobs.checkpoints, job_id=self._lease.job_id, limit=limit)).items

    @property
    def _folder(self) -> str:
        return checkpoints_key(self._lease.job_id)

    def _unpack(self, fetched: Path) -> None:
        """A stored folder is a snapshot and the best weights side by side; locally those lie above the snapshots."""
        snapshot = self.path / fetched.name
        shutil.copytree(fetched, snapshot)
        best = snapshot / BEST
        if best.exists():
            best.rename(self.path / BEST)
