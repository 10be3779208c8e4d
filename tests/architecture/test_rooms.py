"""Which room of a service may use which. A failure names file, line and rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

import pytest

from services.training.objectives.table import OBJECTIVES
from services.training.tasks.table import TASKS
from services.training.tracking.table import TRACKERS
from services.training.tunings.table import TUNINGS
from shared.contracts.training.integrations import Integration
from shared.contracts.training.objectives import Objective, ObjectiveType
from shared.contracts.training.tasks import TaskChoice, TaskName
from shared.contracts.training.tunings import Tuning, TuningType
from shared.tasks.readers import PREDICTORS
from shared.tasks.records import RECORDS
from tests.architecture.source import Import, Module, imports, modules, within

GATEWAY = "services.gateway"
GENERATION = "services.generation"
MONITORING = "services.monitoring"
TRAINING = "services.training"

#: What a resource of the gateway may use besides ``http``, ``state`` and ``settings``: the resources that it is made of.
RESOURCES: dict[str, tuple[str, ...]] = {
    "alerts": ("sentiment",),
    "analysis": (),
    "background": (),
    "backtests": (),
    "batches": ("background", "files"),
    "bots": ("analysis",),
    "catalogs": ("jobs",),
    "attachments": ("audio",),
    "audio": (),
    "audit": (),
    "chat": ("analysis", "attachments", "audio", "moderations"),
    "channels": ("chat",),
    "colleagues": ("alerts", "chat", "conversations"),
    "customers": ("chat", "conversations", "feedback"),
    "conversations": (
        "attachments",
        "chat",
    ),
    "decisions": ("chat", "conversations", "responses"),
    "embeddings": ("analysis",),
    "evals": ("background",),
    "explanations": ("chat",),
    "feedback": ("chat", "files"),
    "files": (),
    "guards": ("conversations",),
    "jobs": ("files", "bots"),
    "keys": (),
    "live": ("alerts", "attachments", "audio", "chat", "colleagues", "conversations"),
    "labelling": ("feedback",),
    "loop": ("feedback", "files", "jobs", "models"),
    "models": ("analysis",),
    "moderations": ("models",),
    "operations": (),
    "recommendations": (),
    "responses": ("attachments", "audio", "chat", "conversations", "moderations"),
    "sentiment": (),
    "status": (),
    "vector_stores": (),
    "streams": (),
    "stored_completions": (),
    "uploads": ("files",),
    "webhooks": (),
    "widgets": ("chat",),
}

#: What a room of generation may use of the others.
GENERATING: dict[str, tuple[str, ...]] = {
    "documents": (),
    "language_models": (),
    "media": (),
    "retrieval": ("documents", "settings"),
    "turns": ("bot_registry", "past_bots"),
}

#: What a room of monitoring may use of the others.
WATCHING: dict[str, tuple[str, ...]] = {
    "alerts": ("detection",),
    "delivery": (),
    "platform": (),
    "detection": (),
    "connectors": (),
    "reading": (),
    "sentiment": (),
    "streams": ("reading",),
}

#: The parts of a job's life that touch tensors; the others run in a process that has no torch.
WITH_TORCH = (f"{TRAINING}.jobs.attempt", f"{TRAINING}.jobs.stored_checkpoints")


def report(offences: Iterator[tuple[Module, Import]]) -> list[str]:
    return [f"{module.place}:{found.line} imports {found.target}" for module, found in offences]


def offences(of: str, forbidden: Callable[[str], bool]) -> Iterator[tuple[Module, Import]]:
    found = ((module, one) for module in modules() if within(module.name, of) for one in imports(module))
    return ((module, one) for module, one in found if forbidden(one.target))


def rooms(service: str) -> set[str]:
    """The folders of a service."""
    depth = service.count(".") + 1
    return {
        module.name.split(".")[depth]
        for module in modules()
        if within(module.name, service) and (module.name.count(".") > depth or module.is_package)
        if len(module.name.split(".")) > depth
    }


def test_every_folder_of_the_gateway_has_its_rule() -> None:
    assert rooms(GATEWAY) == {*RESOURCES, "http"}


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_uses_what_all_stand_on_and_the_resources_it_is_made_of(name: str) -> None:
    allowed = (name, "http", "state", "settings", *RESOURCES[name])
    mine = tuple(f"{GATEWAY}.{one}" for one in allowed)
    found = offences(f"{GATEWAY}.{name}", lambda target: within(target, GATEWAY) and not within(target, *mine))
    assert report(found) == []


def test_what_all_resources_stand_on_knows_none_of_them() -> None:
    resources = tuple(f"{GATEWAY}.{name}" for name in RESOURCES)
    assert report(offences(f"{GATEWAY}.http", lambda target: within(target, *resources))) == []


def test_every_folder_of_generation_has_its_rule() -> None:
    assert rooms(GENERATION) == set(GENERATING)


@pytest.mark.parametrize("name", GENERATING)
def test_a_room_of_generation_uses_what_it_is_made_of(name: str) -> None:
    mine = tuple(f"{GENERATION}.{one}" for one in (name, *GENERATING[name]))
    found = offences(f"{GENERATION}.{name}", lambda target: within(target, GENERATION) and not within(target, *mine))
    assert report(found) == []


def test_every_folder_of_monitoring_has_its_rule() -> None:
    assert rooms(MONITORING) == set(WATCHING)


@pytest.mark.parametrize("name", WATCHING)
def test_a_room_of_monitoring_uses_what_it_is_made_of(name: str) -> None:
    mine = tuple(f"{MONITORING}.{one}" for one in (name, *WATCHING[name]))
    found = offences(f"{MONITORING}.{name}", lambda target: within(target, MONITORING) and not within(target, *mine))
    assert report(found) == []


def test_what_a_job_can_name_is_what_there_is() -> None:
    assert TASKS.keys() == RECORDS.keys() == PREDICTORS.keys() == set(get_args(TaskName))
    assert set(get_args(TaskChoice)) == {"auto", *get_args(TaskName)}
    assert TUNINGS.keys() == set(get_args(get_args(Tuning)[0]))
    assert {kind.model_fields["type"].default for kind in TUNINGS} == set(get_args(TuningType))
    assert OBJECTIVES.keys() == set(get_args(get_args(Objective)[0]))
    assert {kind.model_fields["type"].default for kind in OBJECTIVES} == set(get_args(ObjectiveType))
    assert TRACKERS.keys() == set(get_args(get_args(Integration)[0]))


#: What a room of a task may use of the others: never another task's.
OF_A_TASK = (
    "models",
    "fitting",
    "data.splitting",
    "exporting",
    "reporting.figures",
    "reporting.classification",
    "reporting.retrieval",
    "reporting.text_overlap",
    "tagging",
    "tasks.task",
    "writing",
)

#: What a room of training may use of the others; ``jobs``, storage and messaging are for the pipeline and the jobs themselves.
ROOMS: dict[str, tuple[str, ...]] = {
    "models": ("jobs",),  # base models are looked up under the lease of the job
    "objectives": ("models", "writing", "fitting", "tasks.task", "augmentation"),
    "augmentation": (),
    **{f"tasks.{name}": OF_A_TASK for name in get_args(TaskName)},
    "exporting": ("data.splitting", "fitting", "models", "reporting.figures", "tasks.task"),
    "tunings": ("models", "fitting"),
    "writing": ("models", "fitting"),
    "ensembling": ("models",),
    "searching": ("fitting.callback", "fitting.loop"),
    "tagging": ("fitting.batching", "reporting.figures"),
    "tracking": ("fitting.recipe",),
    "fitting": ("models", "objectives.objective", "tasks.task", "tunings.tuning"),
}


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_of_training_uses_what_it_is_made_of(name: str) -> None:
    mine = tuple(f"{TRAINING}.{one}" for one in (name, *ROOMS[name]))
    found = offences(f"{TRAINING}.{name}", lambda target: within(target, TRAINING) and not within(target, *mine))
    assert report(found) == []


def test_the_preparation_of_data_knows_no_task() -> None:
    """It asks the table which records a job's task reads, and goes on with rows of any."""
    tasks = tuple(f"shared.tasks.{name}" for name in get_args(TaskName))
    found = offences(f"{TRAINING}.data", lambda target: within(target, *tasks, f"{TRAINING}.tasks"))
    assert report(found) == []


@pytest.mark.parametrize(
    "name",
    [
        "objectives",
        "augmentation",
        "tasks",
        "tunings",
        "fitting",
        "exporting",
        "tracking",
        "ensembling",
        "searching",
        "writing",
    ],
)
def test_what_trains_and_exports_meets_no_infrastructure(name: str) -> None:
    outside = ("shared.messaging", "shared.storage", "shared.settings", f"{TRAINING}.settings", f"{TRAINING}.jobs")
    assert report(offences(f"{TRAINING}.{name}", lambda target: within(target, *outside))) == []


@pytest.mark.parametrize(
    ("library", "home"),
    [("peft", "tunings"), ("optuna", "searching"), ("onnx", "exporting"), ("onnxruntime", "exporting")],
)
def test_a_library_of_training_has_one_room(library: str, home: str) -> None:
    found = offences(TRAINING, lambda target: within(target, library))
    assert report((m, i) for m, i in found if not within(m.name, f"{TRAINING}.{home}")) == []


def test_a_job_s_life_outside_the_model_needs_no_torch() -> None:
    heavy = ("torch", "transformers", "onnx", "onnxruntime", "safetensors")
    found = offences(f"{TRAINING}.jobs", lambda target: within(target, *heavy))
    assert report((m, i) for m, i in found if m.name not in WITH_TORCH) == []


@pytest.mark.parametrize("name", get_args(TaskName))
def test_what_all_know_of_a_task_knows_no_other(name: str) -> None:
    others = tuple(f"shared.tasks.{one}" for one in get_args(TaskName) if one != name)
    assert report(offences(f"shared.tasks.{name}", lambda target: within(target, *others))) == []


def test_what_rows_are_needs_no_numbers() -> None:
    """The gateway reads them, and has neither numpy nor models."""
    heavy = ("numpy", "onnxruntime", "tokenizers", "shared.inference")
    found = [*offences("shared.rows", lambda target: within(target, *heavy))]
    found += [
        (module, one)
        for module in modules()
        if within(module.name, "shared.tasks") and module.name.rpartition(".")[2] in ("record", "row", "records")
        for one in imports(module)
        if within(one.target, *heavy)
    ]
    assert report(iter(found)) == []
