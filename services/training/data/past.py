"""What the model that a job goes on from was trained on and judged by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.training.data.loading import read_data
from services.training.data.splitting import Split
from services.training.jobs.lease import JobLease
from shared.artifacts.layout import OUR_MODELS
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.objectives import NEEDS_PAST, Replay
from shared.errors import NotFound, TrainingFailed
from shared.rows.row import RowT, learned_labels
from shared.storage.tables.core import Job
from shared.storage.training import jobs, models

#: Models that are followed back, each trained on rows of the one before.
_GENERATIONS = 20


@dataclass(frozen=True, slots=True)
class Past:
    """Rows of a model, and of those whose rows were replayed to it.

    Attributes:
        train: What it was trained on.
        test: What neither it nor they were trained on, nor will be.
    """

    train: tuple[Any, ...]
    test: tuple[Any, ...]

    def drawn(self, seed: int) -> list[Any]:
        """What it was trained on, in an order in which the first of them are like all."""
        return _drawn(self.train, seed)


def find_past(spec: JobSpec, lease: JobLease, store: ArtifactStore, parts: Split[Any]) -> Past | None:
    """The rows of the model that a job goes on from; ``None`` if there are none to be had and nothing needs them.

    Rows with texts of the job's own are left out: what it says of them counts.

    Raises:
        TrainingFailed: An objective needs them, and they are not there.
    """
    objectives = () if spec.objectives == "auto" else spec.objectives
    needing = next((one.type for one in objectives if one.type in NEEDS_PAST), None)
    try:
        return _apart(_read(spec, lease, store), parts)
    except TrainingFailed as error:
        if needing is None:
            return None
        raise TrainingFailed(
            f"'{needing}' needs the rows that the model was trained on before. {error.message} Leave '{needing}' out, or go on from a model "
            "whose training file is there.",
            param="objectives",
        ) from None


def replayed(past: Sequence[RowT], beside: int, share: float, seed: int) -> list[RowT]:
    """Rows of the past to train on beside so many new ones: of each label one at least, then of each stratum alike.

    Args:
        past: What there is.
        beside: The new rows.
        share: What the old ones are to be of all.
        seed: Another seed draws others.
    """
    wanted = round(beside * share / (1 - share))
    strata: dict[str, int] = {}
    ranked = []
    for row in _drawn(past, seed):
        strata[row.stratum] = place = strata.get(row.stratum, 0) + 1
        ranked.append((place, row))
    known: set[tuple[str, str]] = set()
    found: list[RowT] = []
    others: list[RowT] = []
    for _, row in sorted(ranked, key=lambda pair: pair[0]):
        labels = set(learned_labels(row))
        (others if labels <= known else found).append(row)
        known |= labels
    return [*found, *others[: max(0, wanted - len(found))]]


def _drawn(rows: Sequence[RowT], seed: int) -> list[RowT]:
    return sorted(rows, key=lambda row: hashlib.sha256(f"{seed} {row.key}".encode()).digest())


def _read(spec: JobSpec, lease: JobLease, store: ArtifactStore) -> Past:
    """Follow a job back to the rows of its parents, as far as each replayed those of the one before."""
    train: dict[str, list[Any]] = {}
    test: dict[str, list[Any]] = {}
    for _ in range(_GENERATIONS):
        job = _parent(spec, lease)
        parts = read_data(job.spec, job.seed, lease, store).parts
        for side, rows in ((train, parts.train), (test, parts.test)):
            for key, group in _by_key(rows).items():
                side.setdefault(key, group)
        objectives = () if job.spec.objectives == "auto" else job.spec.objectives
        if not any(isinstance(one, Replay) for one in objectives):
            break
        spec = job.spec
    return Past(
        train=tuple(row for group in train.values() for row in group),
        test=tuple(row for key, group in test.items() if key not in train for row in group),
    )


def _parent(spec: JobSpec, lease: JobLease) -> Job:
    if not spec.model.startswith(OUR_MODELS):
        raise TrainingFailed(f"{spec.model} is no model of yours.")
    try:
        model = lease.read(lambda session: models.get(session, spec.model))
        if model.task != spec.task or model.job_id is None:
            raise TrainingFailed(f"{spec.model} was trained for {model.task!r}.")
        job_id = model.job_id
        return lease.read(lambda session: jobs.get(session, job_id))
    except NotFound as error:
        raise TrainingFailed(error.message) from None


def _by_key(rows: Iterable[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    return groups


def _apart(past: Past, parts: Split[Any]) -> Past:
    trained = {row.key for row in (*parts.train, *parts.validation)}
    own = trained | {row.key for row in parts.test}
    return Past(
        train=tuple(row for row in past.train if row.key not in own),
        test=tuple(row for row in past.test if row.key not in trained),
    )
