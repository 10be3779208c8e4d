"""A fine-tuning job from its first event to its last; read it top to bottom."""

from __future__ import annotations

import dataclasses
import math
import resource
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from services.training.data.loading import JobData, read_data
from services.training.data.past import Past, find_past, replayed
from services.training.data.pseudo_labels import pseudo_labelled
from services.training.data.rare_labels import counts
from services.training.data.splitting import Split, thinned, with_more
from services.training.exporting.half_precision import ForGpus, for_gpus
from services.training.exporting.onnx_export import export
from services.training.exporting.selection import ExportedVariant, choose
from services.training.fitting.device import best_device
from services.training.fitting.head_importance import head_importance
from services.training.fitting.loop import FitResult, Method
from services.training.fitting.recipe import Recipe, resolve
from services.training.jobs.context import AttemptContext
from services.training.models.base_models import Base, find_base, model_id
from services.training.models.encoder import encoder_width, load_encoder
from services.training.models.students import Measures, Student, student_of
from services.training.models.task_model import TaskModel
from services.training.models.teachers import Teacher, find_teacher
from services.training.models.text_encoder import TextEncoder
from services.training.objectives.distillation import DistillationObjective
from services.training.objectives.objective import Beginning, Learned
from services.training.objectives.soft_targets import Lesson, teach
from services.training.objectives.table import objectives_of
from services.training.reporting import release
from services.training.reporting.comparison import evaluate_before, evaluate_parent, find_conditions, judge
from services.training.reporting.compression import beside_teacher
from services.training.reporting.figures import Evaluation
from services.training.reporting.forgetting import Forgetting
from services.training.reporting.inputs import inputs_of
from services.training.reporting.release import Release
from services.training.reporting.report import Story
from services.training.runs import Runs, Trained
from services.training.tasks.table import TASKS
from services.training.tasks.task import Exported, Setting, Task
from services.training.trials import Trials
from services.training.tunings.table import tuning_of
from shared.artifacts.bundle import write_bundle
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER, Calibration, Labels, Manifest, Parity
from shared.contracts.releases import ModelPublished
from shared.contracts.training.jobs import FROM_NOTHING, SCRATCH, JobSpec, TrainingProgressed
from shared.contracts.training.objectives import Matryoshka, PseudoLabels, Replay
from shared.contracts.training.tunings import Full, Spec
from shared.errors import TrainingFailed
from shared.privacy.masking import masked
from shared.storage.tables.core import Job

#: Test rows of the model before that are read again: more would only cost time.
_OLD_ROWS = 1_000

#: Training rows that tell what attention heads mean.
_HEAD_ROWS = 512

#: Rows that were added by an objective, in the event that tells of it.
_SHOWN = 5


class Followed(Exception):
    """The process has trained along, and its part is done."""


def run(job: Job, context: AttemptContext) -> None:
    """Turn the files of a job into a model, and end the job.

    Raises:
        TrainingFailed: It cannot succeed; the reason is for its owner.
        Stopped: The process was told to stop; a checkpoint was written.
        LeaseLost: The job is no longer ours.
        Followed: This is not the first of the processes that train, and training is over.
    """
    report = context.events.message
    report(f"Attempt {job.attempt} begins.")
    data = _data(job, context)
    conditions = find_conditions(job.spec, context)
    task = TASKS[job.spec.task]
    base = _base(job, data.parts.train, context)
    past = None if task.split else find_past(job.spec, context.lease, context.store, data.parts)
    parts, added = _with_the_past(job, data.parts, past, context)
    parts = _with_pseudo_labels(job, parts, added, context)
    before = evaluate_before(job.spec.task, task, base, parts, context)
    report(f"To beat: {_described(before, task)}.", before.scores)
    teacher = find_teacher(job.spec, context.lease, context.store, context.folder / "cache")

    schema = task.schema(parts.train)
    student = _student(job, base, task, parts.train, schema, context)
    base = student.base
    encoder = TextEncoder.load(base.folder, job.spec.schedule.max_length)
    for warned in task.warnings((*parts.train, *parts.validation, *parts.test), encoder):
        report(warned.message, warned.figures, level="warn")
    width = encoder_width(base.folder)
    planned = partial(
        plan, schema=schema, rows=len(parts.train), width=width, counts=counts(parts.train), teacher=teacher
    )
    method, _ = planned(job.spec)
    beginning = Beginning(base.folder, encoder, past.drawn(job.seed) if past else ())
    training = _with_additions(parts, method, beginning, added, context)
    held_out = task.examples(encoder, parts.validation, schema)
    train: Sequence[Any] = task.examples(encoder, training, schema)
    if teacher is not None:
        lesson = Lesson(training, schema, train, encoder, context.folder, context.threads)
        train = _taught(teacher, method, lesson, report)
    build = partial(task.model, base.folder, schema)
    trained, metrics = _trained(build, train, held_out, method, planned, job, context)
    model, fitted = trained.model, trained.fitted
    report(*_effort(fitted))

    folder = context.folder / "bundle"
    difference, decoder = _exported(trained.graph, task, encoder, folder, held_out)
    draft = _draft(job, base, data, task.labels(schema), task.embedding_size(model))
    draft = draft.model_copy(update={"decoder": decoder})
    setting = Setting(folder, draft, encoder, parts, context.threads)
    variants = task.variants(setting, schema)
    chosen, lost = choose(variants, folder, parts.validation, task.quality)
    variants.keep(chosen)
    draft = _with_half(draft, partial(for_gpus, setting, task, variants, chosen, held_out), context)
    after = variants.evaluate(chosen, parts.test)
    report(f"Exported, differing by at most {difference:.1g}; {_served(chosen, lost)}.")
    report(f"On {after.rows} test rows: {_described(after, task)}.", after.scores)

    forgetting = _forgetting(past, base, task, partial(variants.evaluate, chosen), context)
    metrics |= {"test": after.to_json(), "before": before.to_json(), "validation": chosen.validation.to_json()}
    metrics |= _besides(data, added, forgetting)
    if student.heads:
        metrics["heads"] = {"kept": student.heads, "importance": student.importance}
    if teacher is not None:
        compared = beside_teacher(teacher, task, schema, setting, chosen)
        report(compared.words, compared.figures)
        metrics["teacher"] = {"model": teacher.bundle.manifest.model_id, **compared.figures}
    bundle = write_bundle(folder, _measured(draft, chosen, metrics, difference, lost))
    verdict = judge(job.spec, task, bundle, conditions, after, parts, context)
    ready = Release(
        bundle=bundle,
        encoder=_save_encoder(model, encoder, context) if trained.graph is model else None,
        after=after,
        verdict=verdict,
        promoted=job.spec.promotion.mode == "auto" and (verdict is None or verdict.passed),
        trained_tokens=fitted.trained_tokens,
        inputs=inputs_of(bundle, (*parts.validation, *parts.test), context.threads),
    )
    _hand_over(ready, before, fitted, context)


def _exported(
    graph: Any, task: Task[Any, Any, Any, Any], encoder: TextEncoder, folder: Path, held_out: Sequence[Any]
) -> Exported:
    """The graph of a model with its tokenizer, in a new folder."""
    folder.mkdir()
    encoder.save(folder / TOKENIZER)
    if task.export is not None:
        return task.export(graph, folder, held_out)
    return Exported(export(graph, task, folder, held_out))


def _with_half(draft: Manifest, tried: Callable[[], ForGpus], context: AttemptContext) -> Manifest:
    """The manifest with what GPUs serve, where the job asks for half precision."""
    if draft.spec.export.gpu_precision != "fp16":
        return draft
    half = tried()
    context.events.message(half.words, level="info" if half.kept else "warn")
    return draft.model_copy(update=half.manifest)


def _data(job: Job, context: AttemptContext) -> JobData:
    """The rows of a job, and what its owner should know of them."""
    data = read_data(job.spec, job.seed, context.lease, context.store, TASKS[job.spec.task].split, until=job.created_at)
    parts = data.parts
    context.events.message(
        f"{len(parts.train)} rows train the model, {len(parts.validation)} choose it and {len(parts.test)} judge it.",
        {"warnings": data.warnings},
    )
    if (missing := data.left_out.warning()) is not None:
        context.events.message(missing, dict(data.left_out.labels), level="warn")
    return data


def _besides(data: JobData, added: Mapping[str, Any], forgetting: Forgetting | None) -> dict[str, Any]:
    """What a model's metrics tell besides its scores: rows that came in, labels that were left out or forgotten."""
    found: dict[str, Any] = {}
    if forgetting is not None:
        found["forgotten"] = forgetting.to_json()
    if added:
        found["added"] = dict(added)
    if data.left_out.labels:
        found["left_out"] = {head: list(labels) for head, labels in data.left_out.labels.items()}
    return found


def _measured(
    draft: Manifest, chosen: ExportedVariant, metrics: Mapping[str, Any], difference: float, lost: float | None
) -> Manifest:
    """The manifest with everything that was measured."""
    scheme = chosen.scheme.name if chosen.scheme else None
    return draft.model_copy(
        update={
            "calibration": chosen.calibration,
            "served_file": chosen.file,
            "metrics": dict(metrics),
            "parity": draft.parity.model_copy(
                update={"max_abs_difference": difference, "int8_scheme": scheme, "int8_loss": lost}
            ),
        }
    )


def _base(job: Job, train: Sequence[Any], context: AttemptContext) -> Base:
    """What the model begins as."""
    if job.spec.model not in FROM_NOTHING:
        return find_base(job.spec.model, context.lease, context.store, context.folder / "cache", context.base_models)
    task = TASKS[job.spec.task]
    if task.from_nothing is None:
        raise TrainingFailed(f"No model of task {job.spec.task!r} can begin with random weights.", param="model")
    return task.from_nothing(job.spec, task.texts(train), context.folder / SCRATCH, job.seed)


def plan(
    spec: JobSpec,
    schema: Any,
    rows: int,
    *,
    width: int,
    counts: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
    teacher: Teacher | None = None,
) -> tuple[Method, Recipe]:
    """How the model of a job is trained, and by which numbers: what ``auto`` means for so many rows with such labels.

    Args:
        spec: The job.
        schema: Of its training rows.
        rows: How many these are.
        width: Of the encoder's states.
        counts: How many of the rows have each label, by head.
        teacher: From which it learns, if it does.

    Raises:
        TrainingFailed: An objective has no use for such labels.
    """
    task, tuning = TASKS[spec.task], tuning_of(spec.tuning)
    objectives: Sequence[Spec] = () if spec.objectives == "auto" else spec.objectives
    if spec.objectives == "auto" and isinstance(spec.tuning, Full):  # the others train no words to move
        objectives = task.objectives(schema, rows)
        if teacher is not None and spec.distillation is not None:  # it has met the adversary, and its answers show it
            objectives = (spec.distillation,)
    recipe = resolve(spec, rows, task.demands(schema), tuning.rates, width=width)
    learned = Learned(task.choices(schema), counts)
    chosen = objectives_of(objectives, task, recipe, learned)
    factor = math.prod(objective.rate_factor for objective in chosen)
    recipe = dataclasses.replace(recipe, encoder_rate=factor * recipe.encoder_rate, head_rate=factor * recipe.head_rate)
    return Method(task, tuning, chosen), recipe


def _with_additions(
    parts: Split[Any], method: Method, beginning: Beginning, added: dict[str, int], context: AttemptContext
) -> Sequence[Any]:
    """All rows that train; notes how many each objective added, and tells what the objectives have to say."""
    report, grown = context.events.message, parts
    for objective in method.objectives:
        for words in (objective.note, objective.begin(beginning)):
            if words is not None:
                report(f"{words}.")
        if (more := objective.additions(parts.train)) is None:
            continue
        before, grown = len(grown.train), with_more(grown, more.rows)
        added[more.name] = count = len(grown.train) - before
        left = f"; {len(more.rows) - count} others are held out and stay out" if count < len(more.rows) else ""
        shown = [masked(row.key) for row in thinned(more.rows, _SHOWN)]
        report(f"{more.told}: {count} more rows train the model{left}.", {"rows": count, "examples": shown})
    return grown.train


def _with_the_past(
    job: Job, parts: Split[Any], past: Past | None, context: AttemptContext
) -> tuple[Split[Any], dict[str, int]]:
    """The rows with those that are replayed, and how many these are."""
    objectives = () if job.spec.objectives == "auto" else job.spec.objectives
    replay = next((one for one in objectives if isinstance(one, Replay)), None)
    if replay is None or past is None:
        return parts, {}
    rows = replayed(past.train, len(parts.train), replay.share, job.seed)
    share = len(rows) / (len(parts.train) + len(rows))
    context.events.message(
        f"Replay: {len(rows)} of the {len(past.train)} rows that {job.spec.model} was trained on train again, {share:.0%} of all.",
        {"rows": len(rows), "examples": [masked(row.key) for row in thinned(rows, _SHOWN)]},
    )
    return with_more(parts, rows), {"replay": len(rows)}


def _with_pseudo_labels(job: Job, parts: Split[Any], added: dict[str, int], context: AttemptContext) -> Split[Any]:
    """The rows with those that a model has labelled; notes how many these are."""
    objectives = () if job.spec.objectives == "auto" else job.spec.objectives
    asked = next((one for one in objectives if isinstance(one, PseudoLabels)), None)
    as_labels = TASKS[job.spec.task].as_labels
    if asked is None or as_labels is None:
        return parts
    cache = context.folder / "cache"
    found = pseudo_labelled(
        asked, job.spec, as_labels, parts, context.lease, context.store, cache=cache, threads=context.threads
    )
    added["pseudo_labels"] = len(found.rows)
    context.events.message(
        f"{found.told(asked.confidence)}.",
        {"rows": len(found.rows), "examples": [masked(row.key) for row in thinned(found.rows, _SHOWN)]},
        level="info" if found.rows else "warn",
    )
    return with_more(parts, found.rows)


def _forgetting(
    past: Past | None,
    base: Base,
    task: Task[Any, Any, Any, Any],
    evaluate: Callable[[Sequence[Any]], Evaluation],
    context: AttemptContext,
) -> Forgetting | None:
    """How a model does on test rows of the one it goes on from; ``None`` if there are none. Tells of it."""
    rows = thinned(past.test, _OLD_ROWS) if past else ()
    if base.parent is None or not rows:
        return None
    forgetting = Forgetting(base.parent, evaluate_parent(task, base.parent, rows, context), evaluate(rows))
    context.events.message(
        forgetting.told(task.shown), forgetting.to_json()["scores"], level="warn" if forgetting.lost else "info"
    )
    return forgetting


def _student(
    job: Job, base: Base, task: Task[Any, Any, Any, Any], rows: Sequence[Any], schema: Any, context: AttemptContext
) -> Student:
    """The part of the base model that is trained."""
    spec = job.spec

    def tokens() -> set[int]:
        encoder = TextEncoder.load(base.folder, spec.schedule.max_length)
        return {token for example in task.examples(encoder, rows, schema) for token in example.tokens}

    def heads(folder: Path) -> list[list[float]]:
        recipe = resolve(
            spec, len(rows), task.demands(schema), tuning_of(spec.tuning).rates, width=encoder_width(folder)
        )
        torch.manual_seed(job.seed)
        model = task.model(folder, schema, 0.0)
        model.to(best_device())
        asked = task.examples(TextEncoder.load(folder, spec.schedule.max_length), thinned(rows, _HEAD_ROWS), schema)
        return head_importance(model, task.prepare(model, asked), task, recipe)

    student = student_of(base, spec.tuning, context.folder / "student", Measures(tokens, heads))
    if student.base is not base:
        kept = [load_encoder(one.folder) for one in (base, student.base)]
        sizes = [sum(weight.numel() for weight in one.parameters()) for one in kept]
        context.events.message(
            f"Of the {sizes[0]:,} weights of the base model {sizes[1]:,} are kept.",
            {"base_weights": sizes[0], "kept_weights": sizes[1]},
        )
    if student.heads:
        counts = [len(layer) for layer in student.heads]
        context.events.message(
            f"{sum(counts)} attention heads are kept ({', '.join(map(str, counts))} by layer), with {student.importance:.0%} of what all of "
            f"them mean for {min(len(rows), _HEAD_ROWS)} training rows.",
            {"heads": sum(counts), "importance": student.importance},
        )
    return student


def _taught(teacher: Teacher, method: Method, lesson: Lesson, report: Callable[[str], object]) -> Sequence[Any]:
    """Have the teacher read the rows; the training examples with what they take from it."""
    found = next(one for one in method.objectives if isinstance(one, DistillationObjective))
    taught = teach(teacher, method.task, lesson, with_states=found.spec.hidden_weight > 0)
    found.follow(taught.targets)
    report(taught.told)
    return taught.examples


def _draft(job: Job, base: Base, data: JobData, labels: Labels, embedding_size: int) -> Manifest:
    """The manifest before anything was measured."""
    return Manifest(
        model_id=model_id(job.spec, base, job.id),
        task=job.spec.task,
        base_model=base.name,
        created_at=int(job.started_at or job.created_at),
        data_sha256=data.sha256,
        spec=job.spec,
        job_id=job.id,
        labels=labels,
        embedding_size=embedding_size,
        embedding_sizes=_sizes(job.spec, embedding_size),
        max_length=job.spec.schedule.max_length,
        calibration=Calibration(),
        served_file=FP32_MODEL,
        metrics={},
        parity=Parity(max_abs_difference=0.0, int8_scheme=None, int8_loss=None),
        files={},
    )


def _sizes(spec: JobSpec, whole: int) -> tuple[int, ...]:
    """To which the embeddings may be cut, the whole size first; none where the model was not trained for it."""
    objectives = () if spec.objectives == "auto" else spec.objectives
    asked = {size for one in objectives if isinstance(one, Matryoshka) for size in one.sizes if size < whole}
    return (whole, *sorted(asked, reverse=True)) if asked else ()


def _trained(
    build: Callable[[float], TaskModel],
    train: Sequence[Any],
    held_out: Sequence[Any],
    method: Method,
    planned: Callable[[JobSpec], tuple[Method, Recipe]],
    job: Job,
    context: AttemptContext,
) -> tuple[Trained, dict[str, Any]]:
    """Look for the numbers to train with, if the job asks for it, and train; with what the model's metrics tell of both."""

    def recipe_of(spec: JobSpec) -> Recipe:
        return dataclasses.replace(planned(spec)[1], seed=job.seed, checkpoint_seconds=context.checkpoint_seconds)

    recipe, figures = recipe_of(job.spec), dict[str, Any]()
    if job.spec.search is not None:
        trials = Trials(build, train, held_out, method, recipe_of, job, context)
        (method, recipe), figures["search"] = trials.searched(job.spec.search)
    trained = Runs(partial(build, recipe.dropout), train, held_out, recipe, method, job, context).trained()
    if not context.group.leads:
        raise Followed
    if trained.ensemble:
        figures["ensemble"] = dict(trained.ensemble)
    return trained, figures


def _save_encoder(model: TaskModel, encoder: TextEncoder, context: AttemptContext) -> Path | None:
    """What a later job needs to go on from this model; ``None`` if its tuning stays in it, so that none can."""
    if not model.is_plain:
        return None
    folder = context.folder / "encoder"
    folder.mkdir()
    model.save(folder)
    encoder.save(folder / "tokenizer.json")
    return folder


def _hand_over(ready: Release, before: Evaluation, fitted: FitResult, context: AttemptContext) -> None:
    """Store everything, then make it visible at once, then wake those who wait for it."""
    release.store_bundle(context.store, ready)
    manifest, tracked = ready.bundle.manifest, context.tracking.results(ready.after.scores)
    figures = [{"step": point.step, **point.values} for point in context.events.curve()]
    recorded = context.events.recorded()
    messages = [(event.level, event.message) for event in recorded if event.type == "message"]
    story = Story(manifest, before, ready.after, ready.verdict, figures, messages, [file.name for file in tracked])
    results = release.store_results(context.store, story, tracked, context.lease.clock())
    release.publish(context.lease, ready, results)
    if ready.promoted:
        context.channel.send(ModelPublished(slot=manifest.spec.slot, model_id=manifest.model_id))
    steps = fitted.steps
    context.channel.send(TrainingProgressed(job_id=manifest.job_id, status="succeeded", step=steps, total_steps=steps))


def _effort(fitted: FitResult) -> tuple[str, dict[str, float]]:
    """What training took, in words and figures."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    share = fitted.trained_weights / fitted.weights
    words = (
        f"{fitted.trained_weights:,} of {fitted.weights:,} weights were trained ({share:.1%}), at {fitted.seconds_a_step:.2f} seconds a step "
        f"and with {peak // 1_000_000:,} MB of memory at most."
    )
    figures = {
        "trained_weights": fitted.trained_weights,
        "weights": fitted.weights,
        "seconds_a_step": fitted.seconds_a_step,
        "peak_memory_bytes": peak,
    }
    return words, figures


def _described(evaluation: Evaluation, task: Task[Any, Any, Any, Any]) -> str:
    scores = evaluation.scores
    return ", ".join(f"{name.replace('_', ' ')} {scores[name]:.3f}" for name in task.shown if name in scores)


def _served(chosen: ExportedVariant, lost: float | None) -> str:
    if chosen.scheme is None or lost is None:
        return "fp32 is served, since every smaller graph lost too much"
    return f"served as {chosen.scheme.name}, at a loss of {max(lost, 0.0):.2f} points"
