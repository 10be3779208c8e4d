"""A fine-tuning job from its first event to its last; read it top to bottom."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from services.training.data.loading import JobData, read_data
from services.training.exporting.onnx_export import export
from services.training.exporting.selection import ExportedVariant, VariantSelection
from services.training.fitting.loop import FitResult, fit
from services.training.fitting.recipe import Recipe, resolve
from services.training.jobs.context import AttemptContext
from services.training.jobs.events import JobCallback
from services.training.jobs.stored_checkpoints import StoredCheckpoints
from services.training.models.base_models import Base, find_base, model_id
from services.training.reporting import release
from services.training.reporting.comparison import evaluate_before, judge
from services.training.reporting.dialogues import find_dialogues
from services.training.reporting.release import Release
from services.training.tasks.nlu.evaluation import Evaluation
from services.training.tasks.nlu.examples import TextEncoder
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel, encoder_width
from services.training.tasks.nlu.overlong import Overlong
from shared.artifacts.bundle import write_bundle
from shared.artifacts.manifest import FP32_MODEL, Calibration, Manifest, Parity
from shared.contracts.jobs import TrainingProgressed
from shared.contracts.releases import ModelPublished
from shared.storage.tables import Job


def run(job: Job, context: AttemptContext) -> None:
    """Turn the files of a job into a model, and end the job.

    Raises:
        TrainingFailed: It cannot succeed; the reason is for its owner.
        Stopped: The process was told to stop; a checkpoint was written.
        LeaseLost: The job is no longer ours.
    """
    report = context.events.message
    report(f"Attempt {job.attempt} begins.")
    data = read_data(job.spec, job.seed, context.lease, context.store)
    dialogues = find_dialogues(job.spec.promotion, context)
    parts = data.parts
    report(
        f"{len(parts.train)} rows train the model, {len(parts.validation)} choose it and {len(parts.test)} judge it.",
        {"warnings": data.warnings},
    )
    base = find_base(job.spec.model, context.lease, context.store, context.folder / "cache", context.base_models)
    before = evaluate_before(base, parts, context)
    report(f"To beat: {_described(before)}.", before.scores)

    labels = LabelSpace.of(parts.train)
    encoder = TextEncoder.load(base.folder, job.spec.tuning.max_length)
    overlong = Overlong.among((*parts.train, *parts.validation, *parts.test), encoder.tokens)
    if (warning := overlong.warning(encoder.max_length)) is not None:
        report(warning, {"rows": overlong.rows, "entities": overlong.entities}, level="warn")
    recipe = dataclasses.replace(
        resolve(job.spec, len(parts.train), labels, width=encoder_width(base.folder)),
        seed=job.seed,
        checkpoint_seconds=context.checkpoint_seconds,
    )
    model = JointModel.load(base.folder, labels, recipe.dropout)
    fitted = _fit(model, encoder, labels, data, recipe, context)
    report(f"Trained {fitted.steps} steps; the weights of step {fitted.best_step} are kept.", fitted.scores)

    folder = context.folder / "bundle"
    folder.mkdir()
    difference = export(model, encoder, folder, encoder.encode(parts.validation, labels))
    draft = _draft(job, base, data, labels, model)
    bench = VariantSelection(folder, draft, encoder, labels, parts, context.threads)
    chosen, lost = bench.choose()
    bench.keep(chosen)
    after = bench.evaluate(chosen, parts.test)
    report(f"Exported, differing by at most {difference:.1g}; {_served(chosen, lost)}.")
    report(f"On {after.rows} test rows: {_described(after)}.", after.scores)

    metrics = {"test": after.to_json(), "before": before.to_json(), "validation": chosen.validation.to_json()}
    scheme = chosen.scheme.name if chosen.scheme else None
    manifest = draft.model_copy(
        update={
            "calibration": chosen.calibration,
            "served_file": chosen.file,
            "metrics": metrics,
            "parity": Parity(max_abs_difference=difference, int8_scheme=scheme, int8_loss=lost),
        }
    )
    bundle = write_bundle(folder, manifest)
    verdict = judge(job.spec, bundle, dialogues, after, parts, context)
    ready = Release(
        bundle=bundle,
        encoder=_save_encoder(model, encoder, context),
        after=after,
        verdict=verdict,
        promoted=job.spec.promotion.mode == "auto" and (verdict is None or verdict.passed),
        trained_tokens=fitted.trained_tokens,
    )
    _hand_over(ready, fitted, context)


def _fit(
    model: JointModel, encoder: TextEncoder, labels: LabelSpace, data: JobData, recipe: Recipe, context: AttemptContext
) -> FitResult:
    checkpoints = StoredCheckpoints(context.folder / "checkpoints", context.store, context.lease)
    step = checkpoints.fetch()
    if step is not None:
        context.events.message(f"Goes on from the checkpoint of step {step}.")
    return fit(
        model,
        encoder.encode(data.parts.train, labels),
        encoder.encode(data.parts.validation, labels),
        recipe,
        checkpoints=checkpoints,
        callback=JobCallback(context.events, context.stopping),
    )


def _draft(job: Job, base: Base, data: JobData, labels: LabelSpace, model: JointModel) -> Manifest:
    """The manifest before anything was measured."""
    return Manifest(
        model_id=model_id(job.spec, base, job.id),
        task=job.spec.task,
        base_model=base.name,
        created_at=int(job.started_at or job.created_at),
        data_sha256=data.sha256,
        spec=job.spec,
        job_id=job.id,
        labels=labels.to_manifest(),
        embedding_size=model.projection.out_features,
        max_length=job.spec.tuning.max_length,
        calibration=Calibration(),
        served_file=FP32_MODEL,
        metrics={},
        parity=Parity(max_abs_difference=0.0, int8_scheme=None, int8_loss=None),
        files={},
    )


def _save_encoder(model: JointModel, encoder: TextEncoder, context: AttemptContext) -> Path:
    """What a later job needs to go on from this model."""
    folder = context.folder / "encoder"
    folder.mkdir()
    model.save(folder)
    encoder.save(folder / "tokenizer.json")
    return folder


def _hand_over(ready: Release, fitted: FitResult, context: AttemptContext) -> None:
    """Store everything, then make it visible at once, then wake those who wait for it."""
    release.store_bundle(context.store, ready)
    results = release.store_results(
        context.store, context.events.recorded_figures(), ready.after, context.lease.clock()
    )
    release.publish(context.lease, ready, results)
    manifest = ready.bundle.manifest
    if ready.promoted:
        context.channel.send(ModelPublished(slot=manifest.task, model_id=manifest.model_id))
    steps = fitted.steps
    context.channel.send(TrainingProgressed(job_id=manifest.job_id, status="succeeded", step=steps, total_steps=steps))


def _described(evaluation: Evaluation) -> str:
    shown = ("intent_accuracy", "intent_macro_f1", "entity_f1", "sentiment_accuracy", "out_of_scope_recall")
    return ", ".join(
        f"{name.replace('_', ' ')} {evaluation.scores[name]:.3f}" for name in shown if name in evaluation.scores
    )


def _served(chosen: ExportedVariant, lost: float | None) -> str:
    if chosen.scheme is None or lost is None:
        return "fp32 is served, since every int8 graph lost too much"
    return f"served as {chosen.scheme.name}, at a loss of {max(lost, 0.0):.2f} points"
