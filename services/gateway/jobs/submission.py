"""Submitting a training job: what can be refused at once is refused, and nothing is submitted twice by accident."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.gateway.bots.trials import require_few_turns
from services.gateway.files.uploads import EVALS, FINE_TUNE, USER_DATA
from services.gateway.jobs.schemas import CreateJob
from shared.artifacts.layout import FEW_SHOT, OUR_MODELS, file_key
from shared.artifacts.store import ArtifactStore
from shared.bot.document import MAX_BYTES
from shared.contracts.faults import Fault
from shared.contracts.training.jobs import (
    FROM_NOTHING,
    SCRATCH,
    TINY,
    JobOptions,
    JobSpec,
    PromotionEval,
    catalog_deployment,
)
from shared.contracts.training.objectives import NEEDS_PAST, PseudoLabels
from shared.contracts.training.offered import job_not_offered, too_long
from shared.contracts.training.tasks import BEGINNERS, WRITERS, TaskName
from shared.dialogue.trial.dialogue_file import read_dialogues
from shared.errors import AlreadyExists, InvalidFile, InvalidInput, NotFound, TooManyRequests, Unavailable
from shared.evals.trial import read_trial
from shared.messaging.celery.job_queue import JobQueue
from shared.rows.reader import format_of
from shared.storage.chat import bots
from shared.storage.database.engine import Database, Session
from shared.storage.database.identity import new_id
from shared.storage.knowledge import catalogs
from shared.storage.tables.core import File, Job
from shared.storage.training import evals, files, jobs, models
from shared.tasks.records import can_train, example_of
from shared.telemetry import logs, tracing
from shared.telemetry.correlation import correlation_id

log = logs.get(__name__)

#: Seconds within which a request that says it is a retry is taken for the job it repeats.
RETRY_SECONDS = 60.0
#: Jobs looked through for it.
RETRY_LOOK_BACK = 20

_DIALOGUES = "promotion.dialogues"

#: Of the rows of an eval that a promotion needs: both gateway and worker hold them in memory.
MAX_TRIAL_BYTES = 32_000_000


class JobSubmission:
    """Makes jobs.

    Args:
        database: Where jobs, files and models are.
        store: Where the bytes of files are.
        queue: Wakes a worker.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, store: ArtifactStore, queue: JobQueue, clock: Callable[[], float]) -> None:
        self._database = database
        self._artifacts = store
        self._queue = queue
        self._clock = clock

    def submit(self, request: CreateJob, key_id: str, idempotency_key: str | None, *, is_retry: bool) -> Job:
        """Store a job and wake a worker, or find the job that an earlier, equal request made.

        Raises:
            InvalidFile: Rows of the file are wrong; the error lists them.
            InvalidInput: The file is for another purpose, or the idempotency key belongs to another request.
            NotFound: There is no such file or model.
        """
        repeated = self._repeated(request, key_id, idempotency_key, is_retry=is_retry)
        if repeated is not None:
            return repeated
        began = time.time_ns()
        spec = _spec(request, self._task(request))
        self._check(spec)
        try:
            job = self._store(request, spec, key_id, idempotency_key)
        except AlreadyExists:  # the same key at the same time; the other request won
            repeated = self._repeated(request, key_id, idempotency_key, is_retry=is_retry)
            if repeated is None:
                raise
            return repeated
        self.wake(job.id)
        # The trace of a job begins here, and lasts longer than that of the request.
        tracing.first("job submitted", job.id, began, {"parley.task": spec.task, "parley.request": correlation_id()})
        return job

    def _repeated(self, request: CreateJob, key_id: str, idempotency_key: str | None, *, is_retry: bool) -> Job | None:
        with self._database.reading() as session:
            if idempotency_key is not None:
                job = jobs.by_idempotency_key(session, key_id, idempotency_key)
                if job is not None and not _is_equal(job, request):
                    raise InvalidInput(
                        "This Idempotency-Key was used for another job; use a new one for each job.",
                        param="Idempotency-Key",
                        code="idempotency_key_reused",
                    )
                return job
            recent = jobs.page(session, limit=RETRY_LOOK_BACK).items if is_retry else []
        since = self._clock() - RETRY_SECONDS
        equal = (job for job in recent if job.created_at >= since and job.key_id == key_id)
        return next((job for job in equal if _is_equal(job, request)), None)

    def _task(self, request: CreateJob) -> TaskName:
        """What the job is for, if need be by what its training file holds."""
        _check_source(request)
        if request.catalog is not None or request.training_file is None:
            return "recommendation"
        if request.task != "auto":
            return request.task
        with self._database.reading() as session:
            file = files.get(session, request.training_file)
        held = _held_by(file)
        if held == "masked_lm" and file.status != "error":
            raise InvalidInput(
                f"No row of {request.training_file} has a label. Add labels, or name task 'masked_lm' (a model that reads) or 'causal_lm' (one that writes) to teach it the language of these texts.",
                param="training_file",
            )
        return held

    def _check(self, spec: JobSpec) -> None:
        _check_scratch(spec)
        if (refused := job_not_offered(spec)) is not None:
            raise InvalidInput(f"{refused[1]}.", param=refused[0])
        if (reason := too_long(spec.task, spec.schedule)) is not None:
            raise InvalidInput(f"schedule.max_length is too high: {reason}.", param="schedule.max_length")
        with self._database.reading() as session:
            if spec.model.startswith(FEW_SHOT):
                raise InvalidInput(
                    f"{spec.model} was never trained, so that no job can go on from it. Its examples are a training file: "
                    "GET /v1/models/{id}/rows.",
                    param="model",
                )
            if spec.model.startswith(OUR_MODELS):
                models.get(session, spec.model)
            _check_past(session, spec)
            _check_pseudo_labels(session, spec)
            _check_teacher(session, spec)
            if spec.catalog is not None:
                catalogs.get(session, spec.catalog)
            else:
                training = files.get(session, spec.training_file)
                _check_file(training, "training_file", spec.task)
            if spec.validation_file is not None:
                validation = files.get(session, spec.validation_file)
                _check_file(validation, "validation_file", spec.task)
                _check_apart(training, validation)
            models.require_fit(session, spec.slot, spec.task)
        if spec.promotion.dialogues is not None:
            if spec.task != "nlu":
                raise InvalidInput(f"Models of {spec.task!r} hold no dialogues; leave them out.", param=_DIALOGUES)
            self._check_dialogues(spec.promotion.dialogues)
        if spec.promotion.eval is not None:
            self._check_eval(spec.promotion.eval, spec.task)

    def _check_eval(self, asked: PromotionEval, task: TaskName) -> None:
        """Told now rather than when the model is trained and cannot be judged."""
        with self._database.reading() as session:
            try:
                criteria = evals.get(session, asked.id).testing_criteria
            except NotFound as error:
                raise NotFound(error.message, param="promotion.eval.id") from None
            stored = files.get(session, asked.file)
            _check_purpose(stored, EVALS, "promotion.eval.file")
            if stored.bytes > MAX_TRIAL_BYTES:
                message = f"{asked.file} is larger than {MAX_TRIAL_BYTES} bytes."
                raise InvalidInput(message, param="promotion.eval.file")
        with self._artifacts.open(file_key(asked.file)) as stream:
            read_trial(asked, criteria, stream, task)

    def _check_dialogues(self, file_id: str) -> None:
        """Told now rather than when the model is trained and cannot be judged."""
        with self._database.reading() as session:
            stored = files.get(session, file_id)
            _check_purpose(stored, EVALS, _DIALOGUES)
            if stored.bytes > MAX_BYTES:
                raise InvalidInput(f"{file_id} is larger than {MAX_BYTES} bytes.", param=_DIALOGUES)
            if bots.active(session) is None:
                raise InvalidInput(
                    "Dialogues are held with the bot in service; apply a bot file first.", param=_DIALOGUES
                )
        with self._artifacts.open(file_key(file_id)) as stream:
            content = stream.read(MAX_BYTES)
        try:
            file = read_dialogues(content)
        except InvalidFile as error:
            raise InvalidFile(error.message, error.faults, param=_DIALOGUES) from None
        require_few_turns(file, _DIALOGUES)

    def _store(self, request: CreateJob, spec: JobSpec, key_id: str, idempotency_key: str | None) -> Job:
        job = Job(
            id=new_id("ftjob-"),
            created_at=self._clock(),
            spec=spec,
            status="queued",
            seed=spec.seed,
            user_metadata=request.metadata or {},
            idempotency_key=idempotency_key,
            key_id=key_id,
        )
        with self._database.transaction() as session:
            jobs.add(session, job)
            if spec.catalog is not None:
                catalogs.note_training(session, spec.catalog)
            jobs.add_event(session, job.id, "info", "message", f"Created fine-tuning job: {job.id}", {}, job.created_at)
        return job

    def wake(self, job_id: str) -> None:
        """Tell a worker that a job waits; if that fails, the reaper will."""
        try:
            self._queue.wake(job_id)
        except (Unavailable, TooManyRequests) as error:
            log.warning("job stored, worker not woken; the reaper will", job_id=job_id, reason=error.message)


def _check_past(session: Session, spec: JobSpec) -> None:
    """What needs the rows that a model was trained on is refused where there are none."""
    objectives = () if spec.objectives == "auto" else spec.objectives
    needing = next((one.type for one in objectives if one.type in NEEDS_PAST), None)
    if needing is None:
        return
    parent = models.get(session, spec.model) if spec.model.startswith(OUR_MODELS) else None
    if parent is None or parent.job_id is None or parent.task != spec.task:
        raise InvalidInput(
            f"{needing!r} keeps what a model of yours for {spec.task!r} has learned, and {spec.model!r} is none. Name one (GET /v1/models) "
            f"as model, or leave {needing!r} out.",
            param="objectives",
        )
    before = jobs.get(session, parent.job_id).spec
    for file_id in (before.training_file, before.validation_file):
        try:
            files.get(session, file_id) if file_id is not None else None
        except NotFound:
            raise InvalidInput(
                f"{needing!r} needs the rows that {spec.model} was trained on, and {file_id} has been deleted. Leave {needing!r} out, or name "
                "a model whose files are there.",
                param="objectives",
            ) from None


def _check_pseudo_labels(session: Session, spec: JobSpec) -> None:
    """A file of texts, and a model of ours that tells their labels."""
    objectives = () if spec.objectives == "auto" else spec.objectives
    asked = next((one for one in objectives if isinstance(one, PseudoLabels)), None)
    if asked is None:
        return
    unlabelled = files.get(session, asked.unlabelled_file)
    _check_purpose(unlabelled, USER_DATA, "objectives")
    if format_of(unlabelled.filename) != "jsonl":
        raise InvalidInput(f"{unlabelled.id} is no JSON Lines file; give a text a line.", param="objectives")
    name = asked.model or spec.model
    teacher = models.get(session, name) if name.startswith(OUR_MODELS) else None
    if teacher is None or teacher.task != spec.task:
        raise InvalidInput(
            f"'pseudo_labels' are told by a model of yours for {spec.task!r}, and {name!r} is none. Name one (GET /v1/models) as its model.",
            param="objectives",
        )


def _check_source(request: CreateJob) -> None:
    """Rows come from a file or from a catalog."""
    if request.catalog is None and request.training_file is None:
        raise InvalidInput(
            "'training_file' is missing: name an uploaded file, or a 'catalog' for the task 'recommendation'.",
            param="training_file",
            code="missing_required_parameter",
        )
    if request.catalog is None:
        if request.task == "recommendation" and request.validation_file is not None:
            raise InvalidInput(
                "Histories are cut by time, so that there is nothing to validate by another file; leave it out.",
                param="validation_file",
            )
        return
    if request.training_file is not None or request.validation_file is not None:
        raise InvalidInput("A job of a catalog has no files: its items and events are the rows.", param="training_file")
    if request.task not in ("auto", "recommendation"):
        raise InvalidInput(f"A catalog is for the task 'recommendation', not {request.task!r}.", param="task")


def _spec(request: CreateJob, task: TaskName) -> JobSpec:
    options = {name: getattr(request, name) for name in JobOptions.model_fields}
    if request.catalog is not None and request.deployment is None:
        options["deployment"] = catalog_deployment(request.catalog)
    options["objectives"] = request.all_objectives
    return JobSpec(
        task=task,
        model=request.model,
        training_file=request.training_file or "",
        catalog=request.catalog,
        validation_file=request.validation_file,
        hyperparameters=request.knobs,
        seed=request.seed or 0,
        **options,
    )


def _is_equal(job: Job, request: CreateJob) -> bool:
    task = job.spec.task if request.task == "auto" else request.task
    return job.spec == _spec(request, task) and job.user_metadata == (request.metadata or {})


def _check_scratch(spec: JobSpec) -> None:
    """A model that knows no language learns one first."""
    if spec.model == SCRATCH and spec.task not in BEGINNERS:
        raise InvalidInput(
            f"A model from scratch has to learn a language first: train it with task 'masked_lm', then go on from it with {spec.task!r}.",
            param="task",
        )
    if spec.model == TINY and spec.task not in WRITERS:
        raise InvalidInput(
            f"{TINY!r} is a model that writes, and {spec.task!r} needs one that reads; use 'minilm'.", param="model"
        )
    if spec.model not in FROM_NOTHING and spec.architecture is not None:
        raise InvalidInput(f"'architecture' is of model {SCRATCH!r} alone; leave it out.", param="architecture")


def _check_teacher(session: Session, spec: JobSpec) -> None:
    if spec.objectives == "auto" or spec.distillation is None:
        return
    if spec.distillation.teacher is None:
        raise InvalidInput(
            "objectives: 'distillation' names no teacher; name one of your models, or go on from one of them.",
            param="objectives",
        )
    teacher = models.get(session, spec.distillation.teacher)
    if teacher.task != spec.task:
        raise InvalidInput(
            f"The teacher {teacher.id} is a model of task {teacher.task!r}, and the job is of {spec.task!r}; name one of the same task.",
            param="objectives",
        )


def _check_apart(training: File, validation: File) -> None:
    if validation.sha256 == training.sha256:
        raise InvalidInput(
            "The validation file has the same content as the training file: every row would be held out and none would be left to "
            "train on. Leave validation_file out, and a tenth of the rows is held out for it; or name another file.",
            param="validation_file",
        )


def _held_by(file: File) -> TaskName:
    """What the rows of a file are for; an older release knew those of one task."""
    task: TaskName = file.report.get("task", "nlu")
    return task


def _check_file(file: File, param: str, task: TaskName) -> None:
    _check_purpose(file, FINE_TUNE, param)
    if file.status == "error":
        faults = [Fault.model_validate(fault) for fault in file.report["faults"]]
        raise InvalidFile(f"{file.id} cannot be trained on: {file.status_details}", faults, param=param)
    if not can_train(task, _held_by(file)):
        raise InvalidInput(
            f"{file.id} holds rows of {_held_by(file)!r}; task {task!r} learns from {example_of(task)}.", param=param
        )


def _check_purpose(file: File, purpose: str, param: str) -> None:
    if file.purpose != purpose:
        raise InvalidInput(f"{file.id} has the purpose '{file.purpose}'; upload it with '{purpose}'.", param=param)
