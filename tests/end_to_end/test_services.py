"""The main job on one process per service, RabbitMQ and PostgreSQL; and what happens when a worker is killed."""

from __future__ import annotations

import os
import signal
import sys
import time

import psutil
from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob

from shared.contracts.training.jobs import FINAL_STATUSES
from tests.end_to_end import scenario
from tests.end_to_end.platforms import Platform, wait_for, wait_until_ready


def test_upload_to_promoted_model_and_everything_after(services: Platform) -> None:
    scenario.apply_starter_bot(services)
    model_id = scenario.run_main_job(services)
    wait_until_ready(services, timeout=30)
    scenario.check_model(services, model_id)
    scenario.check_chat(services)
    scenario.check_embeddings(services)
    scenario.check_conversation(services)
    scenario.check_sentiment(services)


def test_a_killed_trainer_and_a_killed_worker_lose_no_job(services: Platform) -> None:
    client, job = long_job(services)
    wait_for_checkpoint(services, client, job)
    trainer(services).kill()
    wait_for(lambda: times_resumed(client, job) == 1, "the job to go on without its first trainer", services, 60)
    os.killpg(services.processes["training"].pid, signal.SIGKILL)
    services.processes["training"].wait()
    services.start("training", [sys.executable, "-m", "services.training"])
    ended = scenario.finished(client, job.id)
    assert ended.status == "succeeded", scenario.last_events(client, job.id)
    assert times_resumed(client, job) == 2
    events = client.fine_tuning.jobs.list_events(job.id)
    steps = [event.data["step"] for event in events if isinstance(event.data, dict) and "step" in event.data]
    assert steps.count(1) == 1, "it went on instead of beginning again"


def test_cancel_stops_within_five_seconds(services: Platform) -> None:
    client, job = long_job(services)
    wait_for(lambda: client.fine_tuning.jobs.retrieve(job.id).status == "running", "the job", services)
    began = time.monotonic()
    client.fine_tuning.jobs.cancel(job.id)
    assert scenario.finished(client, job.id, timeout=10).status == "cancelled"
    wait_for(lambda: not trainers(services), "the end of the trainer", services, 5)
    assert time.monotonic() - began < 5


def long_job(platform: Platform) -> tuple[OpenAI, FineTuningJob]:
    """A job that takes long enough to be interrupted."""
    client = platform.client()
    file_id = scenario.upload(client, scenario.few_rows(("order_status", "greeting", "complaint")))
    return client, scenario.submit(client, file_id, epochs=8, suffix="killed", promotion={"mode": "manual"})


def wait_for_checkpoint(platform: Platform, client: OpenAI, job: FineTuningJob) -> None:
    """Return once the job has something to resume from."""

    def saved() -> bool:
        assert client.fine_tuning.jobs.retrieve(job.id).status not in FINAL_STATUSES, scenario.last_events(
            client, job.id
        )
        return len(client.fine_tuning.jobs.checkpoints.list(job.id).data) > 0

    wait_for(saved, "a checkpoint", platform)


def times_resumed(client: OpenAI, job: FineTuningJob) -> int:
    """How often the job went on from a checkpoint."""
    events = client.fine_tuning.jobs.list_events(job.id)
    return sum(event.message.startswith("Goes on from the checkpoint") for event in events)


def trainers(platform: Platform) -> list[psutil.Process]:
    """The processes that train for this platform's worker."""
    worker = psutil.Process(platform.processes["training"].pid)
    return [p for p in worker.children(recursive=True) if "services.training.jobs.child_main" in " ".join(p.cmdline())]


def trainer(platform: Platform) -> psutil.Process:
    """The one process that trains now."""
    (found,) = trainers(platform)
    return found
