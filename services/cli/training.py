"""``parley train`` and ``parley jobs``."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from services.cli.api import Api, CommandError, Json, segment
from services.cli.following import watch_job
from services.cli.session import ApiKey, AsJson, Url, connected, err, out, show_json, table
from shared.contracts.training.tasks import TaskChoice
from shared.contracts.training.tunings import TuningType

app = typer.Typer(no_args_is_help=True, help="List, show, follow and cancel training jobs.")

JobId = Annotated[str, typer.Argument(help="Id of the job (ftjob-...).")]
Members = Annotated[
    int | None,
    typer.Option(min=2, max=8, help="Train with so many seeds, and average the weights.", show_default=False),
]
SearchFile = Annotated[
    Path | None,
    typer.Option(
        help="JSON that says which numbers to try out first: trials, space, perhaps timeout_s and metric.",
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]
UnlabelledFile = Annotated[
    Path | None,
    typer.Option(
        help="Texts without labels, JSONL, for --objective pseudo_labels.",
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]
DialogueFile = Annotated[
    Path | None,
    typer.Option(
        help="Dialogues that the model must hold to go into production.",
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]


class ObjectiveName(StrEnum):
    """What can be minimised besides a task's own loss; typer takes no list of literals."""

    ADVERSARIAL = "adversarial"
    RDROP = "rdrop"
    MATRYOSHKA = "matryoshka"
    CLASS_WEIGHTS = "class_weights"
    FOCAL = "focal"
    AUGMENTATION = "augmentation"
    REPLAY = "replay"
    EWC = "ewc"
    PSEUDO_LABELS = "pseudo_labels"
    DPO = "dpo"
    DISTILLATION = "distillation"


def train(
    file: Annotated[Path, typer.Argument(help="Labelled rows, JSONL or CSV.", exists=True, dir_okay=False)],
    model: Annotated[
        str, typer.Option(help="minilm, a hub id, a folder in PARLEY_BASE_MODELS, or one of your models.")
    ] = "minilm",
    task: Annotated[TaskChoice, typer.Option(help="What the model is for; auto: what the rows are for.")] = "auto",
    deployment: Annotated[
        str | None, typer.Option(help="Where it goes into production; default: its task.", show_default=False)
    ] = None,
    tuning: Annotated[TuningType, typer.Option(help="Which weights are trained.")] = "full",
    objective: Annotated[
        list[ObjectiveName] | None,
        typer.Option(help="What is minimised besides the task's own loss; may be repeated.", show_default=False),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(help="One of your models, from which this one learns (distillation).", show_default=False),
    ] = None,
    student_layers: Annotated[
        int | None,
        typer.Option(min=1, help="Keep so many layers of the base model (full tuning).", show_default=False),
    ] = None,
    student_heads: Annotated[
        int | None,
        typer.Option(
            min=1, help="Keep so many attention heads, those that mean most (full tuning).", show_default=False
        ),
    ] = None,
    fp16: Annotated[
        bool, typer.Option("--fp16", help="Write a graph in half precision too, which GPUs serve.")
    ] = False,
    dialogues: DialogueFile = None,
    unlabelled: UnlabelledFile = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Default: from the data.", show_default=False)] = None,
    ensemble: Members = None,
    search: SearchFile = None,
    suffix: Annotated[str | None, typer.Option(help="Part of the model's name.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same data: same model.")] = 0,
    manual: Annotated[bool, typer.Option("--manual", help="Do not promote the model when it is done.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Submit and leave.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Upload labelled rows, fine-tune a model on them and follow the job.

    The model goes into production when it is no worse than the present one.
    """
    if (ObjectiveName.PSEUDO_LABELS in (objective or ())) != (unlabelled is not None):
        raise CommandError(
            "--objective pseudo_labels and --unlabelled FILE (texts to be labelled) go together; give both or neither."
        )
    asked = _search_of(search) if search else None
    with connected(url, api_key) as api:
        uploaded = api.upload(file)
        body: Json = {
            "model": model,
            "training_file": uploaded["id"],
            "seed": seed,
            "task": task,
            "tuning": _tuning(tuning, student_layers=student_layers, student_heads=student_heads),
            "promotion": {"mode": "manual" if manual else "auto"},
        }
        if dialogues:
            body["promotion"]["dialogues"] = api.upload(dialogues, "evals")["id"]
        if fp16:
            body["export"] = {"gpu_precision": "fp16"}
        if objective or teacher:
            texts = api.upload(unlabelled, "user_data")["id"] if unlabelled else None
            body["objectives"] = _objectives(objective or [], teacher, texts)
        body |= {name: value for name, value in (("deployment", deployment), ("suffix", suffix)) if value}
        if ensemble:
            body["ensemble"] = {"members": ensemble}
        if search:
            body["search"] = asked
        if epochs:
            body["method"] = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": epochs}}}
        job = api.post("/v1/fine_tuning/jobs", body)
        _report(api, job, detach=detach, as_json=as_json)


def _tuning(kind: TuningType, **parts: int | None) -> Json:
    return {"type": kind} | {name: value for name, value in parts.items() if value}


def _search_of(file: Path) -> Json:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise CommandError(f"--search {file} is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise CommandError(f'--search {file} holds no object; write {{"trials": 20, "space": {{…}}}}.')
    return found


def _objectives(names: list[ObjectiveName], teacher: str | None, unlabelled: str | None) -> list[Json]:
    found: list[Json] = [
        {"type": name.value} | ({"unlabelled_file": unlabelled} if name == ObjectiveName.PSEUDO_LABELS else {})
        for name in names
        if teacher is None or name != ObjectiveName.DISTILLATION
    ]
    return found if teacher is None else [*found, {"type": "distillation", "teacher": teacher}]


@app.command("list")
def list_jobs(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """The newest jobs."""
    with connected(url, api_key) as api:
        jobs = api.get("/v1/fine_tuning/jobs", limit=limit)
    if as_json:
        show_json(jobs)
    else:
        out.print(
            table(
                ("Job", "Status", "Base", "Model"),
                [(j["id"], j["status"], j["model"], j["fine_tuned_model"]) for j in jobs["data"]],
            )
        )


@app.command()
def show(job_id: JobId, url: Url = None, api_key: ApiKey = None) -> None:
    """One job, whole, as JSON."""
    with connected(url, api_key) as api:
        show_json(api.get(f"/v1/fine_tuning/jobs/{segment(job_id)}"))


@app.command()
def cancel(job_id: JobId, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Cancel a job; a running trainer stops within seconds."""
    with connected(url, api_key) as api:
        job = api.post(f"/v1/fine_tuning/jobs/{segment(job_id)}/cancel")
    if as_json:
        show_json(job)
    else:
        out.print(f"{job['id']}: cancellation requested (status {job['status']}).")


@app.command()
def report(
    job_id: JobId,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write it; default: <job>.html here.", show_default=False),
    ] = None,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Fetch the report of a job: one HTML page with curves, labels before and after, the surest mistakes, how to repeat it."""
    with connected(url, api_key) as api:
        job = api.get(f"/v1/fine_tuning/jobs/{segment(job_id)}")
        files = [api.get(f"/v1/files/{segment(file_id)}") for file_id in job["result_files"]]
        page = next((file for file in files if file["filename"] == "report.html"), None)
        if page is None:
            raise CommandError(
                f"The job {job_id} has no report: its status is {job['status']}, and only jobs that succeeded have one."
            )
        target = output or Path(f"{job_id}.html")
        api.download(page["id"], target)
    out.print(f"Written: {target}")


@app.command()
def follow(job_id: JobId, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Follow a job to its end."""
    with connected(url, api_key) as api:
        _report(api, {"id": job_id}, detach=False, as_json=as_json)


def _report(api: Api, job: Json, *, detach: bool, as_json: bool) -> None:
    if not as_json:
        err.print(f"[dim]Job {escape(job['id'])}[/dim]")
    if detach:
        if as_json:
            show_json(job)
        else:
            out.print(f"Submitted. Follow it with: parley jobs follow {job['id']}")
        return
    ended = watch_job(api, job["id"], as_json=as_json)
    if ended["status"] != "succeeded":
        reason = (ended.get("error") or {}).get("message") or "no reason given"
        err.print(f"[red]The job {ended['status']}:[/red] {escape(reason)}", soft_wrap=True)
        raise typer.Exit(1)
    if not as_json:
        out.print(
            f"Model {ended['fine_tuned_model']} is ready. 'parley models show' tells its figures.", soft_wrap=True
        )
