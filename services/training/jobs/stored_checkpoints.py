"""Checkpoints that outlive the machine: each one is also put into the artifact store."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

from services.training.fitting.checkpoint import BEST, CheckpointFolder, Progress, snapshot_name
from services.training.jobs.lease import JobLease
from shared.artifacts.layout import checkpoints_key
from shared.artifacts.store import ArtifactStore
from shared.storage.tables.core import JobCheckpoint
from shared.storage.training import jobs

#: Checkpoints of a job that are kept in the store while it runs.
_KEPT = 2
#: Rows of checkpoints that are looked through for those of one run; a day of checkpoints every two minutes is some 700.
_LISTED = 2_000


class StoredCheckpoints(CheckpointFolder):
    """A checkpoint folder whose snapshots are stored and listed with the job.

    Args:
        path: The local folder.
        store: Where copies go, under ``jobs/<id>/checkpoints/step-<n>``.
        lease: Of the job.
        before: Steps of the job that came before this run: of its earlier members.
        steps: How many steps this run takes at most.
        keeps_end: Whether the end of the run is a snapshot too.
    """

    def __init__(
        self,
        path: Path,
        store: ArtifactStore,
        lease: JobLease,
        *,
        before: int = 0,
        steps: float = math.inf,
        keeps_end: bool = False,
    ) -> None:
        super().__init__(path, keeps_end=keeps_end)
        self._store = store
        self._lease = lease
        self._before = before
        self._until = before + steps

    def fetch(self) -> int | None:
        """Bring the newest stored checkpoint to the local folder; its step of this run, or ``None`` if there is none."""
        for checkpoint in self._stored()[:_KEPT]:
            if self._store.exists(checkpoint.folder):
                step = checkpoint.step_number - self._before
                self._unpack(self._store.fetch_folder(checkpoint.folder, self.path.parent / "fetched"), step)
                return step
        return None

    def newest(self) -> int:
        """The newest stored step of the whole job; 0 if there is none."""
        return next((one.step_number for one in self._listed(_KEPT) if self._store.exists(one.folder)), 0)

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
        step = self._before + progress.step
        key = f"{self._folder}/{snapshot_name(step)}"
        with tempfile.TemporaryDirectory(dir=self.path, prefix=".") as staging:
            for file in [*snapshot.iterdir(), *self.path.glob(BEST)]:
                (Path(staging) / file.name).hardlink_to(file)
            self._store.put_folder(key, Path(staging))
        metrics = {"step": step, **{f"valid_{name}": value for name, value in progress.best_scores.items()}}
        job_id, now = self._lease.job_id, self._lease.clock()
        self._lease.write(lambda session: jobs.add_checkpoint(session, job_id, step, metrics, key, now))
        for old in self._stored()[_KEPT:]:
            self._store.delete(old.folder)

    def _stored(self) -> list[JobCheckpoint]:
        """Those of this run, latest first."""
        return [one for one in self._listed(_LISTED) if self._before < one.step_number <= self._until]

    def _listed(self, limit: int) -> list[JobCheckpoint]:
        return self._lease.read(partial(jobs.checkpoints, job_id=self._lease.job_id, limit=limit)).items

    @property
    def _folder(self) -> str:
        return checkpoints_key(self._lease.job_id)

    def _unpack(self, fetched: Path, step: int) -> None:
        """A stored folder is a snapshot and the best weights side by side; locally those lie above the snapshots."""
        snapshot = self.path / snapshot_name(step)
        shutil.copytree(fetched, snapshot)
        best = snapshot / BEST
        if best.exists():
            best.rename(self.path / BEST)


class FollowedCheckpoints(StoredCheckpoints):
    """Those of a process that only trains along: it goes on where the first one does, and writes none."""

    def save(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        progress: Progress,
        tuning: Mapping[str, Tensor] = MappingProxyType({}),
    ) -> None:
        """Write nothing."""

    def save_best(self, model: nn.Module) -> None:
        """Write nothing."""

    def restore_best(self, model: nn.Module) -> None:
        """Leave the last weights: nobody asks for them."""
