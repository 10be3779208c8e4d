"""Makes a finished model known: its bundle, its row, its result files, its promotion, and the end of its job."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.training.jobs.lease import JobLease
from services.training.reporting.confusion import confusion_png
from services.training.reporting.figures import Evaluation
from services.training.reporting.gate import Verdict
from services.training.reporting.report import Story, report_html
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import encoder_key, file_key, model_key
from shared.artifacts.store import ArtifactStore
from shared.inference.input_profile import InputProfile
from shared.storage.chat import inputs
from shared.storage.database.engine import Session
from shared.storage.database.identity import new_id
from shared.storage.tables.core import File, Model
from shared.storage.tables.platform import InputWindow
from shared.storage.training import files, jobs, models

REPORT = "report.html"
"""The name of the report among the result files of a job."""

#: More than any result file takes.
_MAX_RESULT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Release:
    """A model that is ready.

    Attributes:
        bundle: Its files.
        encoder: A directory with its encoder, for jobs that go on from it; ``None`` if none can.
        after: Its evaluation on the test rows.
        verdict: What the gate said; ``None`` if nothing is in production.
        promoted: Whether it is to go into production at once.
        trained_tokens: Tokens it was trained on.
        inputs: What it says of held-out rows; ``None`` if that tells nothing.
    """

    bundle: Bundle
    encoder: Path | None
    after: Evaluation
    verdict: Verdict | None
    promoted: bool
    trained_tokens: int
    inputs: InputProfile | None = None


def store_bundle(store: ArtifactStore, release: Release) -> None:
    """Put model and encoder into the store. What a broken-off attempt may have left under their keys is replaced."""
    model = release.bundle.manifest.model_id
    for key, folder in ((model_key(model), release.bundle.folder), (encoder_key(model), release.encoder)):
        store.delete(key)
        if folder is not None:
            store.put_folder(key, folder)


def store_results(store: ArtifactStore, story: Story, tracked: Sequence[Path], now: float) -> list[File]:
    """Store the training curve, the report, the confusion matrix and what trackers made as files; returns rows for them, the curve's first."""
    matrix = confusion_png(story.after.pairs) if story.after.pairs else None
    contents = {"step_metrics.csv": curve_csv(story.figures).encode(), REPORT: report_html(story, matrix).encode()}
    if matrix is not None:
        contents["confusion_matrix.png"] = matrix
    contents |= {file.name: file.read_bytes() for file in tracked}
    rows = []
    for name, content in contents.items():
        file_id = new_id("file-")
        stored = store.put_stream(file_key(file_id), [content], _MAX_RESULT_BYTES)
        rows.append(
            File(
                id=file_id,
                filename=name,
                purpose="fine-tune-results",
                bytes=stored.bytes,
                sha256=stored.sha256,
                created_at=now,
                status="processed",
            )
        )
    return rows


def curve_csv(figures: Sequence[Mapping[str, Any]]) -> str:
    """The training curve: ``step,train_loss,…``, a line per recorded step; figures not taken there stay empty."""
    columns = ["step", "train_loss", *sorted({name for data in figures for name in data if name.startswith("valid_")})]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(figures)
    return text.getvalue()


def publish(lease: JobLease, release: Release, results: Sequence[File]) -> None:
    """Make everything visible in one transaction: result files, model, promotion, end of the job.

    Raises:
        LeaseLost: The job is no longer ours; nothing was changed.
    """
    now = lease.clock()
    manifest = release.bundle.manifest

    def write(session: Session) -> None:
        for row in results:
            files.add(session, row)
        models.add(session, _model_row(release, now))
        if release.inputs is not None:
            inputs.put(session, [_reference(manifest.model_id, release.inputs)])
        if release.promoted:
            models.promote(session, manifest.spec.slot, manifest.model_id, lease.job_id, now)
        jobs.add_event(session, lease.job_id, "info", "message", _summary(release), release.after.scores, now)
        jobs.finish(
            session,
            lease.job_id,
            lease.token,
            "succeeded",
            now=now,
            fine_tuned_model=manifest.model_id,
            trained_tokens=release.trained_tokens,
            result_files=[row.id for row in results],
        )

    lease.write(write)


def _model_row(release: Release, now: float) -> Model:
    manifest = release.bundle.manifest
    return Model(
        id=manifest.model_id,
        job_id=manifest.job_id,
        task=manifest.task,
        deployment=manifest.spec.deployment,
        base_model=manifest.base_model,
        created_at=now,
        metrics=manifest.metrics,
        size_bytes=sum(entry.bytes for entry in manifest.files.values()),
        gate=release.verdict.to_json() if release.verdict else None,
    )


def _reference(model: str, found: InputProfile) -> InputWindow:
    return InputWindow(
        deployment="",
        model=model,
        start=inputs.REFERENCE,
        process="",
        texts=found.texts,
        out_of_scope=found.out_of_scope,
        confidences=found.confidences,
        embedding=None if found.embedding is None else found.embedding.astype("<f4").tobytes(),
    )


def _summary(release: Release) -> str:
    state = "is in production" if release.promoted else "is ready and waits to be promoted"
    return f"{release.bundle.manifest.model_id} {state}."
