"""From corrections to a job: the version of the data set, and the request that trains on it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from services.gateway.feedback import four_eyes
from services.gateway.feedback.rows import Rows, rows_of
from services.gateway.files.uploads import FINE_TUNE, Upload, UploadStore
from services.gateway.jobs.schemas import CreateJob
from services.gateway.loop.data_set import joined
from services.gateway.loop.schemas import LoopRule
from shared.artifacts.layout import file_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import JobOptions, JobSpec
from shared.errors import InvalidInput, NotFound
from shared.rows.reader import format_of, read_rows
from shared.storage.database.engine import Database, Session
from shared.storage.tables.core import File, Job
from shared.storage.training import feedback, files, jobs, loops, models
from shared.tasks.nlu.row import Row
from shared.tasks.records import kind_for

SLOT = "nlu"
"""The model that reads chats: its turns are what people correct."""

#: Corrections of one version.
MOST = 50_000
#: Bytes of a version that are held in memory.
_IN_MEMORY = 8 << 20


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the data set, stored.

    Attributes:
        base: Id of the file with the rows before.
        corrections: Of the file with the corrected rows alone.
        training: Of the file with both.
        rows: What became of the corrections.
    """

    base: str
    corrections: str
    training: str
    rows: Rows


class DataSets:
    """Makes versions.

    Args:
        database: Has corrections, files and jobs.
        store: Has the bytes of files.
        uploads: Stores new ones.
    """

    def __init__(self, database: Database, store: ArtifactStore, uploads: UploadStore) -> None:
        self._database = database
        self._store = store
        self._uploads = uploads

    def version(self, rule: LoopRule, key_id: str, until: float) -> Version:
        """The next version: base rows and every correction up to ``until`` (Unix seconds).

        Raises:
            InvalidInput: There is no model to train again, nothing was corrected, or the base rows are faulty.
            NotFound: The base file was deleted.
        """
        with self._database.reading() as session:
            base = files.get(session, rule.base_file or _base_of(session))
            rows = self._corrected(session, rule, until)
        if not rows.count:
            raise InvalidInput("Nobody has corrected anything yet.", param="sources", code="no_corrections")
        name = f"corrections-{int(until)}.jsonl"
        corrections = self._uploads.keep(Upload(name, FINE_TUNE, io.BytesIO(rows.content), None), key_id, until)
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as whole:
            records = (json.loads(line) for line in rows.content.splitlines())
            whole.writelines(joined(self._rows(base), records))
            whole.seek(0)
            content = cast("BinaryIO", whole)
            training = self._uploads.keep(
                Upload(f"data-set-{int(until)}.jsonl", FINE_TUNE, content, None), key_id, until
            )
        training.report |= {"version": {"base": base.id, "corrections": corrections.id, "corrected_rows": rows.count}}
        with self._database.transaction() as session:
            files.add(session, corrections)
            files.add(session, training)
        return Version(base.id, corrections.id, training.id, rows)

    def _corrected(self, session: Session, rule: LoopRule, until: float) -> Rows:
        corrected = [
            (given, turn)
            for given, turn in feedback.corrections(session, 0.0, MOST)
            if given.source in rule.sources and given.created_at <= until
        ]
        found, _ = four_eyes.agreed(corrected, four_eyes.declared(session))
        before = {turn.id: last for _, turn in found if (last := feedback.before(session, turn)) is not None}
        return rows_of(found, before)

    def _rows(self, file: File) -> Iterator[Row]:
        with self._store.open(file_key(file.id)) as stream:
            report = read_rows(stream, format_of(file.filename), kind_for("nlu"))
        if report.fault_count:
            raise InvalidInput(f"{file.id} has faulty rows; name another base_file.", param="base_file")
        yield from cast("list[Row]", report.rows)


def request_of(session: Session, rule: LoopRule, version: Version) -> CreateJob:
    """The job that made the model in production, once more, on another version of the data."""
    spec = _job_in_production(session).spec
    options = {name: getattr(spec, name) for name in JobOptions.model_fields}
    options["promotion"] = spec.promotion.model_copy(
        update={
            "mode": "auto" if rule.promotion == "auto" else "manual",
            "dialogues": rule.dialogues or spec.promotion.dialogues,
        }
    )
    knobs = spec.hyperparameters
    return CreateJob(
        model=spec.model,
        task="nlu",
        training_file=version.training,
        hyperparameters=knobs if rule.n_epochs is None else knobs.model_copy(update={"n_epochs": rule.n_epochs}),
        seed=spec.seed,
        metadata={"loop": "round"},
        **options,
    )


def _base_of(session: Session) -> str:
    """The rows that the model in production was trained on, before people corrected any."""
    spec: JobSpec = _job_in_production(session).spec
    made = loops.made_of(session, spec.training_file)
    return made.base_file or spec.training_file if made is not None else spec.training_file


def _job_in_production(session: Session) -> Job:
    model = models.production(session, SLOT)
    job_id = None if model is None else models.get(session, model).job_id
    if job_id is None:
        raise InvalidInput("No model that was trained reads chats yet; train one first.", param="base_file")
    try:
        return jobs.get(session, job_id)
    except NotFound:
        raise InvalidInput("The job of the model in production is gone; name a base_file.", param="base_file") from None
