"""The rows of a job, from the files it names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from services.training.data.checks import require_apart, require_enough, require_known_labels
from services.training.data.pseudonymisation import without_personal_numbers
from services.training.data.rare_labels import LeftOut, rare_labels, without
from services.training.data.splitting import Split, split
from services.training.jobs.lease import JobLease
from shared.artifacts.layout import file_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.jobs import JobSpec
from shared.errors import NotFound, TrainingFailed
from shared.rows.reader import format_of, read_rows
from shared.rows.report import RowReport
from shared.storage import files
from shared.tasks.records import kind_for


@dataclass(frozen=True, slots=True)
class JobData:
    """Rows that a model can be trained on.

    Attributes:
        parts: What trains, chooses and judges.
        sha256: Hash of the files they come from.
        warnings: Duplicates and contradictions in the files.
        left_out: Labels that occur once.
    """

    parts: Split[Any]
    sha256: str
    warnings: int
    left_out: LeftOut


def read_data(spec: JobSpec, seed: int, lease: JobLease, store: ArtifactStore) -> JobData:
    """Read, judge and split. Personal numbers and addresses go no further than this: see ``surrogates``.

    Raises:
        TrainingFailed: A file is gone or faulty, or there is not enough in it.
    """
    training = _read(spec, "training_file", lease, store)
    rare = rare_labels(training.rows) if spec.rare_labels == "drop" else {}
    rows, left_out = without(training.rows, rare)
    require_enough(rows)
    if spec.validation_file is None:
        parts = split(rows, seed=seed)
        return JobData(without_personal_numbers(parts, seed), training.sha256, training.warning_count, left_out)
    validation = _read(spec, "validation_file", lease, store)
    require_apart(rows, validation.rows)
    held_out, _ = without(validation.rows, rare)
    require_known_labels(rows, held_out)
    parts = split(rows, seed=seed, validation=held_out)
    return JobData(
        parts=without_personal_numbers(parts, seed),
        sha256=hashlib.sha256(f"{training.sha256} {validation.sha256}".encode()).hexdigest(),
        warnings=training.warning_count + validation.warning_count,
        left_out=left_out,
    )


def _read(spec: JobSpec, param: str, lease: JobLease, store: ArtifactStore) -> RowReport:
    file_id: str = getattr(spec, param)
    try:
        file_format = format_of(lease.read(lambda session: files.get(session, file_id).filename))
        with store.open(file_key(file_id)) as stream:
            report = read_rows(stream, file_format, kind_for(spec.task))
    except NotFound:
        raise TrainingFailed(f"The file {file_id} has been deleted. Upload it again.", param=param) from None
    if report.faults:
        first = report.faults[0]
        where = f"row {first.line}, {first.field}" if first.field else f"row {first.line}"
        raise TrainingFailed(
            f"{report.fault_count} faults in {file_id}, the first in {where}: {first.message}.",
            param=param,
            code="invalid_training_file",
        )
    return report
