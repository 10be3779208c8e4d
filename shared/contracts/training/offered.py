"""What a task has no use for: refused with the reason, and with what to use instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shared.contracts.training.ensembles import ensemble_not_offered
from shared.contracts.training.jobs import FROM_NOTHING, JobSpec, Objectives, Schedule
from shared.contracts.training.tasks import DECODERS, WITHOUT_LABELS, WRITERS, TaskName
from shared.contracts.training.tunings import Frozen, Full, Lora, Spec

Refusal = tuple[str, str]
"""The field that asks for it, and why it is refused."""

#: Tokens of a text that encoders read at most.
ENCODER_LENGTH = 512

#: What is about labels, and why it is refused where there are none.
_OF_LABELS: Mapping[str, str] = {
    "rdrop": "'rdrop' lets two passes agree on labels, and task '{task}' has none; leave it out",
    "class_weights": "'class_weights' weighs labels, and task '{task}' has none; leave it out, or use 'adversarial', which every task takes",
    "focal": "'focal' weighs labels, and task '{task}' has none; leave it out, or use 'adversarial', which every task takes",
    "ewc": "'ewc' weighs by labels, and task '{task}' has none; use a lower learning_rate_multiplier or 'replay'",
    "pseudo_labels": "'pseudo_labels' teaches labels, and task '{task}' has none; leave it out",
    "augmentation": "'augmentation' changes labelled texts, and task '{task}' learns from none; leave it out",
    "distillation": "'distillation' teaches a teacher's labels, and task '{task}' has none; leave it out",
}
#: What is of one task alone.
_OF_ONE: Mapping[str, tuple[TaskName, str]] = {
    "matryoshka": ("embedding", "'matryoshka' cuts embeddings, and task '{task}' makes none; use it with 'embedding'"),
    "dpo": ("text_generation", "'dpo' compares answers, and task '{task}' gives none; use it with 'text_generation'"),
}

#: Why the heads alone cannot be trained.
_WITHOUT_HEADS: Mapping[TaskName, str] = {
    "embedding": "task 'embedding' has no head to train on a frozen encoder; use 'frozen' with layers, or 'lora'",
    "recommendation": "task 'recommendation' has no head to train on a frozen encoder; use 'frozen' with layers, or 'lora'",
    "masked_lm": "task 'masked_lm' is there to teach the encoder; use 'full', or 'frozen' with layers",
    **dict.fromkeys(
        WRITERS,
        "a model that writes has no new head to train while it is frozen; use 'frozen' with layers, or 'lora'",
    ),
}

#: Tunings that no weights of a model that writes can hold, whose graphs are made of these alone.
_STAYING = ("adapter", "prefix", "prompt", "p_tuning")
#: Objectives of models that write.
_OF_WRITERS = ("dpo", "replay")


def job_not_offered(spec: JobSpec) -> Refusal | None:
    """What of a job its task has no use for; ``None`` if all of it has one."""
    if spec.ensemble is not None:
        why = ensemble_not_offered(
            spec.task,
            tuning=spec.tuning.type,
            from_scratch=spec.model in FROM_NOTHING,
            average=spec.ensemble.average,
        )
        if why is not None:
            return "ensemble", why
    if (why := spec.unsearchable()) is not None:
        return "search", why
    if spec.schedule.devices > 1 and (why := _not_side_by_side(spec)) is not None:
        return "schedule.devices", f"schedule.devices is 1 here: {why}"
    return _not_apart(spec) or not_offered(spec.task, spec.tuning, spec.objectives)


def _not_apart(spec: JobSpec) -> Refusal | None:
    """Why the updates of LoRA cannot stay beside a shared graph; ``None`` if they can, or are to be folded in."""
    if not isinstance(spec.tuning, Lora) or not spec.tuning.apart:
        return None
    if spec.task not in DECODERS:
        return "tuning.apart", f"models of task '{spec.task}' share no graph; leave tuning.apart out"
    if spec.model in FROM_NOTHING:
        return "tuning.apart", "a model that begins with random weights has no base to share; leave tuning.apart out"
    if spec.ensemble is not None:
        return "tuning.apart", "the mean of an 'ensemble' has no updates of its own; leave one of the two out"
    if spec.export.gpu_precision != "fp32":
        return "tuning.apart", "a shared graph is not written in half precision; leave export.gpu_precision out"
    return None


def _not_side_by_side(spec: JobSpec) -> str | None:
    """Why the rows of a batch cannot be shared among processes; ``None`` if they can."""
    if spec.task == "embedding":
        return (
            "task 'embedding' compares each row of a batch with all others; leave it out, and use a larger batch_size"
        )
    if spec.search is not None:
        return "'search' tries numbers in one process; search on one device, then train with what was found"
    if spec.ensemble is not None:
        return "members of an 'ensemble' are trained in one process; leave one of the two out"
    names = () if spec.objectives == "auto" else [one.type for one in spec.objectives]
    if "dpo" in names:
        return "'dpo' compares both answers with a reference in one process; leave it out, and use rows_at_once to save memory"
    return None


def not_offered(task: TaskName, tuning: Spec, objectives: Objectives) -> Refusal | None:
    """The field that asks a task for what it has no use for, and why; ``None`` if all of it has one."""
    if isinstance(tuning, Frozen) and not tuning.layers and task in _WITHOUT_HEADS:
        return "tuning", _WITHOUT_HEADS[task]
    names = () if objectives == "auto" else [objective.type for objective in objectives]
    for name in names:
        only = _OF_ONE.get(name)
        if only is not None and task != only[0]:
            return "objectives", only[1].format(task=task)
    return _not_for_writers(task, tuning, names) if task in WRITERS else _not_without_labels(task, names)


def too_long(task: TaskName, schedule: Schedule) -> str | None:
    """Why a model of a task cannot read so much; ``None`` if it can."""
    if task in WRITERS or schedule.max_length <= ENCODER_LENGTH:
        return None
    return f"models of task '{task}' read {ENCODER_LENGTH} tokens at once; longer texts are read in windows when they serve"


def _not_without_labels(task: TaskName, names: Collection[str]) -> Refusal | None:
    if task == "recommendation" and "replay" in names:
        return "objectives", "'replay' brings old rows back, and a catalog holds all of them; leave it out"
    refused = next((name for name in _OF_LABELS if name in names and task in WITHOUT_LABELS), None)
    return None if refused is None else ("objectives", _OF_LABELS[refused].format(task=task))


def _not_for_writers(task: TaskName, tuning: Spec, names: Collection[str]) -> Refusal | None:
    kind = getattr(tuning, "type", "")
    if kind in _STAYING:
        why = f"'{kind}' stays in the graph, and that of a model that writes is made of its weights alone; use 'lora' or 'ia3', which are merged"
        return "tuning", why
    if isinstance(tuning, Full) and tuning.is_smaller:
        return "tuning", "students are made of encoders; use a smaller base model"
    other = next((name for name in names if name not in _OF_WRITERS), None)
    if other is not None:
        return (
            "objectives",
            f"'{other}' is not offered for models that write; leave it out"
            + (", or use 'dpo' with rows of two answers" if task == "text_generation" else ""),
        )
    return None
