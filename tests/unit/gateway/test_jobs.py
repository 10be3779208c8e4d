from __future__ import annotations

import io
import json
from typing import Any, cast

import httpx
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from shared.contracts.training.jobs import JobQueued
from shared.messaging.topology import Queues
from shared.storage.training import jobs
from tests.unit.gateway.platform import Platform
from tests.unit.gateway.test_files import ROWS
from tests.unit.gateway.test_trials import BOT, DIALOGUES


@pytest.fixture
def file_id(client: OpenAI) -> str:
    return client.files.create(file=("rows.jsonl", io.BytesIO(ROWS)), purpose="fine-tune").id


def test_a_job_is_created_as_the_convention_has_it(client: OpenAI, file_id: str) -> None:
    job = client.fine_tuning.jobs.create(
        model="minilm",
        training_file=file_id,
        suffix="desk",
        seed=7,
        metadata={"team": "support"},
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": "auto"}}},
        extra_body={"task": "nlu", "tuning": {"type": "lora", "rank": 4}, "promotion": {"mode": "manual"}},
    )
    assert (job.object, job.status, job.seed, job.model) == ("fine_tuning.job", "queued", 7, "minilm")
    assert job.hyperparameters.n_epochs == 2
    assert job.method is not None
    assert job.metadata == {"team": "support"}
    assert job.organization_id == "parley"
    details = (job.model_extra or {})["parley"]
    assert (details["tuning"]["rank"], details["promotion"]["mode"]) == (4, "manual")
    assert client.fine_tuning.jobs.retrieve(job.id) == job
    events = client.fine_tuning.jobs.list_events(job.id).data
    assert [event.message for event in events] == [f"Created fine-tuning job: {job.id}"]
    assert client.fine_tuning.jobs.checkpoints.list(job.id).data == []


def test_preferences_are_a_method_of_the_convention(client: OpenAI) -> None:
    rows = "\n".join(
        json.dumps(
            {
                "input": {"messages": [{"role": "user", "content": f"question {number}"}]},
                "preferred_output": [{"role": "assistant", "content": "a good answer"}],
                "non_preferred_output": [{"role": "assistant", "content": "a bad one"}],
            }
        )
        for number in range(12)
    )
    file = client.files.create(file=("rows.jsonl", rows.encode()), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(
        model="tiny",
        training_file=file.id,
        method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2, "n_epochs": 3}}},
    )
    assert job.hyperparameters.n_epochs == 3
    assert job.method is not None
    assert job.method.type == "dpo"
    assert job.method.dpo is not None
    assert job.method.dpo.hyperparameters is not None
    assert job.method.dpo.hyperparameters.beta == 0.2
    details = (job.model_extra or {})["parley"]
    assert (details["task"], details["objectives"]) == ("text_generation", [{"type": "dpo", "beta": 0.2}])


def test_trackers_are_asked_for_and_told_as_the_convention_has_it(client: OpenAI, file_id: str) -> None:
    job = client.fine_tuning.jobs.create(
        model="minilm",
        training_file=file_id,
        integrations=[
            {"type": "wandb", "wandb": {"project": "desk", "name": "first", "entity": "team", "tags": ["a", "b"]}},
            cast("Any", {"type": "mlflow", "mlflow": {"experiment": "desk", "tags": {"team": "support"}}}),
        ],
    )
    assert job.integrations is not None
    wandb, mlflow = job.integrations
    assert wandb.type == "wandb"
    assert wandb.wandb.to_dict() == {"project": "desk", "name": "first", "entity": "team", "tags": ["a", "b"]}
    assert cast("Any", mlflow).mlflow == {"experiment": "desk", "name": None, "tags": {"team": "support"}}
    assert client.fine_tuning.jobs.retrieve(job.id) == job

    none = client.fine_tuning.jobs.create(model="minilm", training_file=file_id, integrations=None)
    assert none.integrations == []


def test_a_worker_is_woken(client: OpenAI, platform: Platform, file_id: str) -> None:
    with platform.bus.subscribe(Queues.TRAIN_CPU, 100) as subscription:
        job = client.fine_tuning.jobs.create(model="minilm", training_file=file_id)
        woken: list[Any] = []
        while deliveries := subscription.receive(100, 0.5):
            woken += [delivery.decode().message for delivery in deliveries]
            subscription.settle(deliveries)
    assert JobQueued(job_id=job.id) in woken


def test_jobs_are_paged_and_filtered_by_metadata(client: OpenAI, file_id: str) -> None:
    made = [
        client.fine_tuning.jobs.create(
            model="minilm", training_file=file_id, metadata={"batch": "paging", "n": str(n)}
        ).id
        for n in range(4)
    ]
    assert [job.id for job in client.fine_tuning.jobs.list(limit=2, metadata={"batch": "paging"})] == made[::-1]
    assert [job.id for job in client.fine_tuning.jobs.list(metadata={"batch": "paging", "n": "2"})] == [made[2]]


def test_events_and_checkpoints_are_listed_newest_first(client: OpenAI, platform: Platform, file_id: str) -> None:
    job = client.fine_tuning.jobs.create(model="minilm", training_file=file_id)
    with platform.database.transaction() as session:
        for step in range(5):
            jobs.add_event(session, job.id, "info", "metrics", f"step {step}", {"step": step, "train_loss": 0.5}, 2.0)
        jobs.add_checkpoint(
            session, job.id, step_number=3, metrics={"step": 3}, folder=f"jobs/{job.id}/checkpoints/3", now=3.0
        )
    events = list(client.fine_tuning.jobs.list_events(job.id, limit=2))
    assert [event.message for event in events][:2] == ["step 4", "step 3"]
    assert len(events) == 6
    data: Any = events[0].data
    assert data["train_loss"] == 0.5
    checkpoint = client.fine_tuning.jobs.checkpoints.list(job.id).data[0]
    assert (checkpoint.step_number, checkpoint.fine_tuning_job_id) == (3, job.id)


def test_a_waiting_job_is_cancelled_at_once_and_again_harmlessly(client: OpenAI, file_id: str) -> None:
    job = client.fine_tuning.jobs.create(model="minilm", training_file=file_id)
    for _ in range(2):
        assert client.fine_tuning.jobs.cancel(job.id).status == "cancelled"
    messages = [event.message for event in client.fine_tuning.jobs.list_events(job.id).data]
    assert messages.count("Cancellation requested") == 1


def test_a_finished_job_can_be_neither_cancelled_nor_paused_nor_resumed(
    client: OpenAI, platform: Platform, file_id: str
) -> None:
    job = client.fine_tuning.jobs.create(model="minilm", training_file=file_id)
    with platform.database.transaction() as session:
        jobs.claim(session, token="t", now=1.0, lease_seconds=30.0, job_id=job.id)
        error = {"code": "training_failed", "message": "too few rows", "param": "training_file"}
        jobs.finish(session, job.id, "t", "failed", now=2.0, error=error)
    failed = client.fine_tuning.jobs.retrieve(job.id)
    assert failed.error is not None
    assert (failed.error.code, failed.error.message, failed.error.param) == tuple(error.values())
    with pytest.raises(BadRequestError, match="failed"):
        client.fine_tuning.jobs.cancel(job.id)
    for call in (client.fine_tuning.jobs.pause, client.fine_tuning.jobs.resume):
        with pytest.raises(BadRequestError) as refused:
            call(job.id)
        assert refused.value.code == "job_finished"


def test_a_waiting_job_is_paused_at_once_and_resumed(client: OpenAI, platform: Platform, file_id: str) -> None:
    job = client.fine_tuning.jobs.create(model="minilm", training_file=file_id)
    for _ in range(2):
        paused: str = client.fine_tuning.jobs.pause(job.id).status
        assert paused == "paused"
    with platform.database.transaction() as session:
        assert jobs.claim(session, token="t", now=1.0, lease_seconds=30.0, job_id=job.id) is None
    for _ in range(2):
        assert client.fine_tuning.jobs.resume(job.id).status == "queued"
    with platform.database.transaction() as session:
        assert jobs.claim(session, token="t", now=1.0, lease_seconds=30.0, job_id=job.id) is not None
    status: str = client.fine_tuning.jobs.pause(job.id).status
    assert status == "pausing"
    assert client.fine_tuning.jobs.resume(job.id).status == "running"
    client.fine_tuning.jobs.pause(job.id)
    with platform.database.transaction() as session:
        given = jobs.hand_back(session, job.id, "t", 2.0)
        assert given is not None
        assert (given.status, given.attempt) == ("paused", 0)
    assert client.fine_tuning.jobs.cancel(job.id).status == "cancelled"
    messages = [event.message for event in client.fine_tuning.jobs.list_events(job.id).data]
    assert (messages.count("Pause requested"), messages.count("Resumed")) == (3, 2)


def test_a_faulty_file_is_refused_with_the_whole_list(client: OpenAI) -> None:
    file = client.files.create(file=("rows.jsonl", b'{"text": ""}\nrubbish\n'), purpose="fine-tune")
    with pytest.raises(BadRequestError) as refused:
        client.fine_tuning.jobs.create(model="minilm", training_file=file.id)
    assert (refused.value.code, refused.value.param) == ("invalid_training_file", "training_file")
    body: Any = refused.value.body
    assert {fault["line"] for fault in body["faults"]} == {1, 2}


@pytest.mark.parametrize(
    ("extra", "param"),
    [
        ({"method": {"type": "reinforcement"}}, "method"),
        ({"method": {"type": "dpo"}}, "'dpo'.*text_generation"),
        ({"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 0}}}}, "n_epochs"),
        ({"method": {"type": "supervised", "supervised": {"hyperparameters": {"beta": 1}}}}, "beta"),
        ({"suffix": "x" * 65}, "suffix"),
        ({"suffix": "a/b"}, "suffix"),
        ({"metadata": {"k": "v" * 513}}, "metadata"),
        ({"integrations": [{"type": "comet", "comet": {"project": "p"}}]}, r"integrations\[0\].*'wandb', 'mlflow'"),
        ({"integrations": [{"type": "wandb"}]}, r"integrations\[0\].wandb"),
        ({"integrations": [{"type": "wandb", "wandb": {"name": "n"}}]}, r"integrations\[0\].wandb.project"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "a/b"}}]}, r"integrations\[0\].wandb.project"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "p", "key": "k"}}]}, r"integrations\[0\].wandb.key"),
        ({"integrations": [{"type": "mlflow", "mlflow": {"experiment": ""}}]}, r"integrations\[0\].mlflow.experiment"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}] * 2}, "integrations.*'wandb' twice"),
        ({"integrations": {"type": "wandb"}}, "integrations"),
        ({"seed": -1}, "seed"),
        ({"task": "poetry"}, "task"),
        ({"tuning": {"type": "full", "rang": 4}}, "rang"),
        ({"tuning": {"type": "lora", "adversarial": 1}}, "tuning.*adversarial"),
        ({"tuning": {"adversarial": 11}}, "adversarial"),
        ({"tuning": {"type": "full", "rank": 4}}, "tuning.rank"),
        ({"tuning": {"type": "magic"}}, "'tuning'.*bitfit"),
        ({"tuning": {"max_length": 4}}, "tuning.max_length"),
        ({"schedule": {"max_length": 4}}, "schedule.max_length"),
        ({"tuning": {"type": "lora"}, "objectives": [{"type": "adversarial"}]}, "objectives.*'full'"),
        ({"tuning": {"type": "prefix"}, "schedule": {"gradient_checkpointing": True}}, "schedule.*rows_at_once"),
        ({"objectives": [{"type": "rdrop"}, {"type": "rdrop"}]}, "objectives.*twice"),
        ({"objectives": [{"type": "augmentation", "kinds": ["typing", "typing"]}]}, r"objectives\[0\].kinds.*twice"),
        ({"objectives": [{"type": "augmentation", "kinds": ["rhymes"]}]}, r"objectives\[0\].kinds.*entity_swap"),
        ({"objectives": [{"type": "replay"}]}, "'replay' keeps.*'minilm' is none"),
        ({"objectives": [{"type": "ewc"}], "tuning": {"type": "lora"}}, "objectives.*'ewc'.*'full'"),
        ({"objectives": [{"type": "focal", "gamma": 0}]}, r"objectives\[0\].gamma"),
        ({"objectives": [{"type": "class_weights", "by": "size"}]}, r"objectives\[0\].by.*square_root"),
        ({"objectives": [{"type": "class_weights", "labels": {"greet": 0}}]}, r"objectives\[0\].labels.greet"),
        ({"objectives": [{"type": "distillation"}]}, "objectives.*names no teacher"),
        ({"objectives": [{"type": "distillation", "teacher": "minilm"}]}, r"objectives\[0\].teacher"),
        ({"tuning": {"type": "full", "student_layers": 0}}, "tuning.student_layers"),
        ({"objectives": [{"type": "rdrop", "weight": 0}]}, r"objectives\[0\].weight"),
        ({"epochs": 3}, "epochs"),
    ],
)
def test_wrong_options_are_refused_by_name(client: OpenAI, file_id: str, extra: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError, match=param):
        client.fine_tuning.jobs.create(model="minilm", training_file=file_id, extra_body=extra)


@pytest.mark.parametrize("objective", ["replay", "ewc"])
def test_what_needs_the_rows_of_before_needs_their_file(
    client: OpenAI, platform: Platform, file_id: str, objective: str
) -> None:
    extra = {"objectives": [{"type": objective}]}
    with pytest.raises(BadRequestError, match=f"'{objective}' needs the rows.*'?f'? has been deleted"):
        client.fine_tuning.jobs.create(model=platform.add_model(), training_file=file_id, extra_body=extra)
    other = platform.add_model(task="text_classification")
    with pytest.raises(BadRequestError, match="is none"):
        client.fine_tuning.jobs.create(model=other, training_file=file_id, extra_body=extra)


def test_pseudo_labels_need_texts_and_a_model_that_tells_of_them(
    client: OpenAI, platform: Platform, file_id: str
) -> None:
    def refused(model: str = "minilm", **options: str) -> str:
        extra = {"objectives": [{"type": "pseudo_labels", **options}]}
        with pytest.raises(BadRequestError) as caught:
            client.fine_tuning.jobs.create(model=model, training_file=file_id, extra_body=extra)
        return str(caught.value)

    texts, table = (
        client.files.create(file=(name, io.BytesIO(b'{"text": "hi"}\n')), purpose="user_data").id
        for name in ("texts.jsonl", "texts.csv")
    )
    assert "unlabelled_file" in refused()
    assert "upload it with 'user_data'" in refused(unlabelled_file=file_id)
    assert "JSON Lines" in refused(unlabelled_file=table)
    assert "'minilm' is none" in refused(unlabelled_file=texts)
    other = platform.add_model(task="text_classification")
    assert f"'{other}' is none" in refused(other, unlabelled_file=texts)
    extra = {"objectives": [{"type": "pseudo_labels", "unlabelled_file": texts}]}
    made = client.fine_tuning.jobs.create(model=platform.add_model(), training_file=file_id, extra_body=extra)
    assert made.status == "queued"


def test_unknown_file_model_and_job_are_404(client: OpenAI, file_id: str) -> None:
    with pytest.raises(NotFoundError):
        client.fine_tuning.jobs.create(model="minilm", training_file="file-unknown")
    with pytest.raises(NotFoundError):
        client.fine_tuning.jobs.create(model="ft:unknown", training_file=file_id)
    teacher = {"objectives": [{"type": "distillation", "teacher": "ft:unknown"}]}
    with pytest.raises(NotFoundError):
        client.fine_tuning.jobs.create(model="minilm", training_file=file_id, extra_body=teacher)
    for call in (client.fine_tuning.jobs.retrieve, client.fine_tuning.jobs.cancel, client.fine_tuning.jobs.list_events):
        with pytest.raises(NotFoundError):
            call("ftjob-unknown")


def test_a_file_for_another_purpose_is_refused(client: OpenAI) -> None:
    file = client.files.create(file=("rows.jsonl", ROWS), purpose="evals")
    with pytest.raises(BadRequestError, match="fine-tune"):
        client.fine_tuning.jobs.create(model="minilm", training_file=file.id)


class TestRepeatedCreate:
    """A second request makes a second job, unless it says that it is a repetition."""

    @pytest.fixture
    def body(self, file_id: str) -> dict[str, Any]:
        return {"model": "minilm", "training_file": file_id, "suffix": "twice"}

    def create(self, http: httpx.Client, body: dict[str, Any], **headers: str) -> str:
        return str(http.post("/v1/fine_tuning/jobs", json=body, headers=headers).raise_for_status().json()["id"])

    def test_equal_requests_are_two_jobs(self, http: httpx.Client, body: dict[str, Any]) -> None:
        assert self.create(http, body) != self.create(http, body)

    def test_one_idempotency_key_is_one_job(self, http: httpx.Client, body: dict[str, Any]) -> None:
        key = {"Idempotency-Key": "job-once"}
        assert self.create(http, body, **key) == self.create(http, body, **key)
        other = http.post("/v1/fine_tuning/jobs", json=body | {"seed": 3}, headers=key)
        assert other.json()["error"]["code"] == "idempotency_key_reused"

    def test_keys_of_two_callers_do_not_meet(
        self, http: httpx.Client, platform: Platform, body: dict[str, Any]
    ) -> None:
        key = {"Idempotency-Key": "job-shared"}
        with platform.http(platform.key("train")) as other:
            assert self.create(http, body, **key) != self.create(other, body, **key)

    def test_a_retry_of_the_official_client_is_one_job(self, http: httpx.Client, body: dict[str, Any]) -> None:
        first = self.create(http, body, **{"x-stainless-retry-count": "0"})
        assert self.create(http, body, **{"x-stainless-retry-count": "1"}) == first
        other = self.create(http, body | {"seed": 9}, **{"x-stainless-retry-count": "1"})
        assert other != first


def test_a_validation_file_that_is_the_training_file_is_refused_at_once(client: OpenAI, file_id: str) -> None:
    again = client.files.create(file=("other.jsonl", io.BytesIO(ROWS)), purpose="fine-tune").id
    for validation in (file_id, again):
        with pytest.raises(BadRequestError, match="the same content as the training file") as refused:
            client.fine_tuning.jobs.create(model="minilm", training_file=file_id, validation_file=validation)
        assert refused.value.param == "validation_file"


def test_the_dialogues_of_a_promotion_are_checked_at_once(client: OpenAI, http: httpx.Client, file_id: str) -> None:
    def refused(dialogues: str) -> dict[str, Any]:
        with pytest.raises((BadRequestError, NotFoundError)) as refusal:
            submit(dialogues)
        return cast("dict[str, Any]", refusal.value.body)

    def submit(dialogues: str) -> str:
        promotion = {"dialogues": dialogues, "dialogues_at_least": 0.9}
        jobs_of = client.fine_tuning.jobs
        return jobs_of.create(model="minilm", training_file=file_id, extra_body={"promotion": promotion}).id

    def upload(content: str) -> str:
        return client.files.create(file=("d.yaml", io.BytesIO(content.encode())), purpose="evals").id

    http.post("/v1/bots", json={"source": BOT}).raise_for_status()
    assert "evals" in refused(file_id)["message"]
    assert refused(upload("version: 1"))["param"] == "promotion.dialogues"
    assert refused("file-none")["code"] is not None
    assert submit(upload(DIALOGUES)).startswith("ftjob-")


def test_the_eval_of_a_promotion_is_checked_at_once(client: OpenAI, file_id: str) -> None:
    grader: Any = {
        "type": "classification",
        "name": "intent",
        "input": "{{sample.output_text}}",
        "reference": "{{item.intent}}",
    }
    judge: Any = {
        "type": "label_model",
        "name": "judged",
        "model": "parley",
        "input": [{"role": "user", "content": "{{sample.output_text}}"}],
        "labels": ["good", "bad"],
        "passing_labels": ["good"],
    }
    config: Any = {"type": "custom", "item_schema": {"type": "object"}}

    def made(*criteria: Any) -> str:
        return client.evals.create(data_source_config=config, testing_criteria=list(criteria)).id

    def upload(content: str) -> str:
        return client.files.create(file=("rows.jsonl", io.BytesIO(content.encode())), purpose="evals").id

    def submit(eval_id: str, rows: str, **more: Any) -> Any:
        promotion = {"eval": {"id": eval_id, "file": rows, **more}}
        return client.fine_tuning.jobs.create(
            model="minilm", training_file=file_id, extra_body={"promotion": promotion}
        )

    def refused(eval_id: str, rows: str, **more: Any) -> tuple[str, str]:
        with pytest.raises((BadRequestError, NotFoundError)) as refusal:
            submit(eval_id, rows, **more)
        body = cast("dict[str, Any]", refusal.value.body)
        return body["param"], body["message"]

    def assert_refused(told: tuple[str, str], param: str, words: str) -> None:
        assert told[0] == param
        assert words in told[1]

    rows, good = upload('{"item": {"text": "hello", "intent": "greeting"}}'), made(grader)
    assert refused("eval_none", rows)[0] == "promotion.eval.id"
    assert_refused(refused(good, file_id), "promotion.eval.file", "evals")
    assert_refused(refused(made(grader, judge), rows), "promotion.eval.id", "'judged' asks a model")
    assert_refused(refused(good, upload("no row")), "promotion.eval.file", "line 1")
    assert_refused(refused(good, rows, input={"text": "{{item.words}}"}), "promotion.eval.input", "Row 1")
    assert refused(good, rows, input={"text": "{{evil}}"})[0] == "promotion.eval.input"
    assert refused(good, rows, level=1.5)[0] == "promotion.eval.level"
    assert submit(good, rows, least_gain=0.01).id.startswith("ftjob-")
