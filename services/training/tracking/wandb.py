"""A run of Weights & Biases: a folder that ``wandb sync`` uploads, or, where the operator wants it, on a server at once."""

from __future__ import annotations

import logging
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from services.training.tracking.tracker import Destinations, Ending, Point, Run
from shared.contracts.training.integrations import Wandb

if TYPE_CHECKING:
    import wandb

#: Parts of a run's folder that are of no use elsewhere.
_LEFT_OUT = ("logs", "tmp")


class WandbTracker:
    """Of the machine, its user and its programs nothing is noted, and nothing that is printed.

    Args:
        asked: What the job asks for.
        folder: Where the run is kept.
        destinations: As the operator has set them.
    """

    def __init__(self, asked: Wandb, folder: Path, destinations: Destinations) -> None:
        self._asked = asked.wandb
        self._folder = folder
        self._destinations = destinations
        self._run: wandb.Run | None = None

    def started(self, run: Run, curve: Sequence[Point]) -> None:
        """Begin a run with the id of the job, or go on with it where a server has it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with _temporary_files_in(self._folder):
            self._run = self._begun(run)
        for point in curve:
            self.metrics(point)

    def _begun(self, run: Run) -> wandb.Run:
        import wandb

        logging.getLogger(
            "wandb"
        ).propagate = False  # it sets its own level, and has a file for its lines in the run's folder
        try:
            return wandb.init(
                project=self._asked.project,
                entity=self._asked.entity,
                name=self._asked.name or run.job_id,
                tags=self._asked.tags,
                id=run.job_id,
                config=dict(run.parameters),
                resume="allow" if self._destinations.wandb_mode == "online" else None,
                reinit="create_new",
                settings=_settings(self._folder, self._destinations),
            )
        except Exception:
            wandb.teardown()  # the process that was to write, which would wait for the end of this one
            raise

    def metrics(self, point: Point) -> None:
        """Hand figures to the process that writes or sends them. Those of steps that a server has already are dropped there."""
        if self._run is not None:
            self._run.log(dict(point.values), step=point.step)

    def finished(self, ending: Ending, scores: Mapping[str, float]) -> Path | None:
        """End the run, and the process that wrote it; packs what was written where nothing was sent."""
        import wandb

        if self._run is None:
            return None
        self._run.summary.update({f"test_{name}": value for name, value in scores.items()})
        folder = Path(self._run.settings.sync_dir)
        try:
            self._run.finish(exit_code=0 if ending == "succeeded" else 1)
        finally:
            wandb.teardown()
        if ending != "succeeded" or self._destinations.wandb_mode == "online":
            return None
        return _packed(folder)


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Folders that wandb makes when it is imported and begins, which a process that is killed would leave behind."""
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _settings(folder: Path, destinations: Destinations) -> wandb.Settings:
    import wandb

    return wandb.Settings(
        mode=destinations.wandb_mode,
        base_url=destinations.wandb_base_url,
        api_key=destinations.wandb_key if destinations.wandb_mode == "online" else None,
        root_dir=str(folder),
        init_timeout=destinations.seconds,
        finish_timeout=destinations.seconds,
        finish_timeout_raises=True,
        allow_val_change=True,
        console="off",
        silent=True,
        symlink=False,
        host="",
        username="",
        email="",
        save_code=False,
        disable_code=True,
        disable_git=True,
        # The arguments of the process, which it would note otherwise, hold the token of the job's lease.
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        x_save_requirements=False,
    )


def _packed(folder: Path) -> Path:
    archive = folder.parent / f"wandb-{folder.name}.tar.gz"
    left_out = {f"{folder.name}/{name}" for name in _LEFT_OUT}
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, folder.name, filter=lambda member: None if member.name in left_out else _anonymous(member))
    return archive


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the name of this machine's user."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
