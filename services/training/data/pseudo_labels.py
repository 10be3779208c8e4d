"""Rows that a model of ours has labelled, where it was sure (Lee 2013, *Pseudo-Label*)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.training.data.pseudonymisation import without_personal_numbers
from services.training.data.splitting import Split
from services.training.jobs.lease import JobLease
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import OUR_MODELS, file_key, model_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.objectives import PseudoLabels
from shared.errors import BrokenArtifact, NotFound, TrainingFailed
from shared.rows.kind import RecordKind
from shared.rows.problems import Faulty
from shared.rows.row import learned_labels
from shared.rows.source import Source, json_records
from shared.storage.training import models
from shared.tasks.readers import open_predictor
from shared.tasks.records import RECORDS

#: Rows of an unlabelled file: a model reads each before training begins.
MAX_ROWS = 100_000

Taught = Callable[[Mapping[str, Any], float], Mapping[str, Any] | None]
"""The fields that label a record as an answer says, if it is surer than that; else ``None``."""


@dataclass(frozen=True, slots=True)
class PseudoLabelled:
    """What became of an unlabelled file.

    Attributes:
        rows: Of the task, each text once; those of the job's own files are left out.
        teacher: Who labelled them.
        read: How many rows the file has.
        unsure: How many were not told surely enough.
        unknown: How many were told labels that no training row has.
    """

    rows: tuple[Any, ...]
    teacher: str
    read: int
    unsure: int
    unknown: int

    def told(self, confidence: float) -> str:
        """In words."""
        others = f"{self.unsure} were not, {self.unknown} were told labels that no training row has"
        there = self.read - len(self.rows) - self.unsure - self.unknown
        return (
            f"Pseudo-labels: {len(self.rows)} of {self.read} unlabelled rows were told surely enough ({confidence:g}) by {self.teacher} and "
            f"train too; {others}, and {there} are among the rows already"
        )


def pseudo_labelled(
    asked: PseudoLabels,
    spec: JobSpec,
    taught: Taught,
    parts: Split[Any],
    lease: JobLease,
    store: ArtifactStore,
    *,
    cache: Path,
    threads: int,
) -> PseudoLabelled:
    """Have the rows of a file labelled.

    Args:
        asked: Which file, by whom, and how surely.
        spec: Of the job.
        taught: Of its task.
        parts: Its rows: their labels are those that are taught, and their texts are not taught again.
        lease: Of the job.
        store: Where file and model are.
        cache: A local folder for the model.
        threads: How many texts may be read side by side.

    Raises:
        TrainingFailed: The file is gone or faulty, or there is no such model for the task.
    """
    kind = RECORDS[spec.task]
    records = _records(asked.unlabelled_file, kind, store)
    bundle = _teacher(asked.model or spec.model, spec, lease, store, cache)
    with closing(open_predictor(bundle, threads=threads)) as predictor:
        answers = predictor.predict([kind.parse_input(record) for record in records])
    known = {pair for row in parts.train for pair in learned_labels(row)}
    seen = {row.key for row in (*parts.train, *parts.validation, *parts.test)}
    found: list[Any] = []
    unsure = unknown = 0
    for record, prediction in zip(records, answers, strict=True):
        fields = taught(prediction.answer, asked.confidence)
        row: Any = None if fields is None else kind.parse({**record, **fields})
        if row is None:
            unsure += 1
        elif not set(learned_labels(row)) <= known:
            unknown += 1
        elif row.key not in seen:
            seen.add(row.key)
            found.append(row)
    rows = without_personal_numbers(Split(tuple(found), (), ()), spec.seed).train
    return PseudoLabelled(rows, bundle.manifest.model_id, len(records), unsure, unknown)


def _records(file_id: str, kind: RecordKind, store: ArtifactStore) -> Sequence[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    try:
        with store.open(file_key(file_id)) as stream:
            for number, record in json_records(Source(stream)):
                if len(found) == MAX_ROWS:
                    raise _refused(f"{file_id} has more than {MAX_ROWS} rows; split it.")
                found.append(_checked(number, record, file_id, kind))
    except NotFound:
        raise _refused(f"The unlabelled file {file_id} has been deleted. Upload it again.") from None
    if not found:
        raise _refused(f"The unlabelled file {file_id} has no rows.")
    return found


def _checked(number: int, record: object, file_id: str, kind: RecordKind) -> Mapping[str, Any]:
    try:
        if isinstance(record, Faulty):
            raise record
        kind.parse_input(record)
    except Faulty as faulty:
        where, problem = faulty.problems[0]
        place = f"row {number}, {where}" if where else f"row {number}"
        raise _refused(
            f"{file_id} holds no unlabelled rows of task {kind.task!r}: {place}: {problem}. Give JSON Lines with the texts alone."
        ) from None
    if not isinstance(record, Mapping):
        raise _refused(f"Row {number} of {file_id} is no JSON object.")
    return record


def _teacher(model: str, spec: JobSpec, lease: JobLease, store: ArtifactStore, cache: Path) -> Bundle:
    if not model.startswith(OUR_MODELS):
        raise _refused(
            f"'pseudo_labels' are told by a model of yours for {spec.task!r}, and {model} is none; name one as its model."
        )
    try:
        task = lease.read(lambda session: models.get(session, model).task)
        if task != spec.task:
            raise _refused(f"{model} was trained for {task!r}; pseudo_labels need a model for {spec.task!r}.")
        return Bundle.open(store.fetch_folder(model_key(model), cache))
    except (NotFound, BrokenArtifact) as error:
        raise _refused(f"'pseudo_labels' cannot be told by {model}: {error.message}") from None


def _refused(message: str) -> TrainingFailed:
    return TrainingFailed(message, param="objectives")
