"""The rows of a job, from the files it names."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.training.data.checks import require_apart, require_enough, require_known_labels
from services.training.data.pseudonymisation import without_personal_numbers
from services.training.data.rare_labels import LeftOut, rare_labels, without
from services.training.data.splitting import Split, split
from services.training.jobs.lease import JobLease
from shared.artifacts.layout import file_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import JobSpec
from shared.errors import NotFound, TrainingFailed
from shared.rows.reader import format_of, read_rows
from shared.rows.report import RowReport
from shared.storage.database.engine import Session
from shared.storage.knowledge import catalogs
from shared.storage.tables.catalogs import CatalogEvent, CatalogItem
from shared.storage.training import files
from shared.tasks.records import RECORDS, kind_for

#: Rows of a catalog that are read at once.
_PAGE = 5_000


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


Cut = Callable[[Sequence[Any]], Split[Any]]
"""Records to rows that train, choose and judge, where chance would be wrong: by time."""


def read_data(
    spec: JobSpec, seed: int, lease: JobLease, store: ArtifactStore, cut: Cut | None = None, *, until: float = math.inf
) -> JobData:
    """Read, judge and split. Personal numbers and addresses go no further than this: see ``surrogates``.

    Args:
        spec: Of the job.
        seed: Of the split.
        lease: Of the job.
        store: Has the files.
        cut: Of the task, if it has one.
        until: What people did with the items of a catalog afterwards is left out, so that an attempt that goes on finds the same.

    Raises:
        TrainingFailed: A file is gone or faulty, or there is not enough in it.
    """
    if spec.catalog is not None:
        training = _read_catalog(spec.catalog, lease, until)
    else:
        training = _read(spec, "training_file", lease, store)
    if cut is not None:
        records = without_personal_numbers(Split(tuple(training.rows), (), ()), seed).train
        return JobData(cut(records), training.sha256, training.warning_count, LeftOut())
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


def _read_catalog(catalog_id: str, lease: JobLease, until: float) -> RowReport:
    """The items and events of a catalog, as a file of them would have them."""
    try:
        lease.read(lambda session: catalogs.get(session, catalog_id))
    except NotFound:
        raise TrainingFailed(f"The catalog {catalog_id} has been deleted.", param="catalog") from None
    parse, digest, rows = RECORDS["recommendation"].parse, hashlib.sha256(), []
    for record in _records(catalog_id, lease, until):
        digest.update(repr(sorted(record.items())).encode("utf-8", "replace"))
        rows.append(parse(record))
    return RowReport(rows, "recommendation", [], 0, [], 0, digest.hexdigest())


def _records(catalog_id: str, lease: JobLease, until: float) -> Iterator[dict[str, Any]]:
    def items(session: Session) -> list[CatalogItem]:
        return catalogs.changed_items(session, catalog_id, seen, _PAGE)

    def events(session: Session) -> list[CatalogEvent]:
        return catalogs.changed_events(session, catalog_id, seen, _PAGE)

    seen = catalogs.NOTHING_SEEN
    while found := lease.read(items):
        seen = (found[-1].version, found[-1].item_id)
        yield from (catalogs.item_values(row) for row in found if not row.deleted)
    seen = catalogs.NOTHING_SEEN
    while told := lease.read(events):
        seen = (told[-1].version, told[-1].event_id)
        yield from (catalogs.event_values(row) for row in told if row.at <= until)


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
