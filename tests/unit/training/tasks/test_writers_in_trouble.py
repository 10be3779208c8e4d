"""What goes wrong in a job of a model that writes: the right state, the reason, nothing left behind."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch import onnx as torch_onnx

from services.training.exporting import decoder_export
from services.training.fitting import checkpoint
from services.training.jobs.child import ENDED
from services.training.models.task_model import TaskModel
from shared.contracts.training.jobs import SCRATCH, Architecture, JobSpec, Schedule
from shared.contracts.training.tasks import TaskName
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import SAMPLES

WRITING: tuple[TaskName, ...] = ("text_generation", "seq2seq")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home") as made:
        yield made


def spec(task: TaskName, file: str, epochs: int = 1) -> JobSpec:
    """A job that begins with nothing."""
    return job_kit.spec(SCRATCH, file, epochs=epochs).model_copy(
        update={
            "task": task,
            "architecture": Architecture(layers=1, width=32, heads=2, vocabulary=320),
            "schedule": Schedule(max_length=64),
        }
    )


def _full(*_: object, **__: object) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("task", WRITING)
@pytest.mark.parametrize("phase", ["training", "export"])
def test_a_full_disk_is_named_in_every_phase(
    task: TaskName, phase: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bench.upload(SAMPLES[task, ""].rows)
    if phase == "training":
        monkeypatch.setattr(checkpoint, "save_file", _full)
    elif task == "seq2seq":
        monkeypatch.setattr(torch_onnx, "export", _full)
    else:
        monkeypatch.setattr(onnx, "save", _full)

    job_id, status, _ = attempt_at(bench, spec(task, file))

    job = bench.job(job_id)
    assert (status, job.status) == (ENDED, "failed"), bench.told(job_id)
    assert job.error is not None
    assert (job.error["code"], "Make room" in job.error["message"]) == ("storage_full", True), job.error
    assert job.fine_tuned_model is None
    assert [*(bench.settings.home / "training").iterdir()] == [], "its own files no longer take the room"


@pytest.mark.parametrize("task", WRITING)
@pytest.mark.parametrize(
    "content",
    [b"\x00\xff\xfe no rows", b'{"messages": [{"role": "user"', b'{"input": 3, "target": "a"}\n' * 40],
    ids=["bytes", "cut", "wrong"],
)
def test_a_corrupt_upload_ends_the_job_with_what_is_wrong(task: TaskName, content: bytes, bench: Bench) -> None:
    job_id, status, _ = attempt_at(bench, spec(task, bench.upload_bytes(content)))

    job = bench.job(job_id)
    assert (status, job.status) == (ENDED, "failed")
    assert job.error is not None
    assert job.error["param"] == "training_file", job.error
    assert job.fine_tuned_model is None


@pytest.mark.parametrize("task", WRITING)
def test_a_row_that_fits_into_no_memory_ends_the_job_with_a_remedy(
    task: TaskName, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More than a process can address, so that the allocator itself refuses, on any machine.
    monkeypatch.setattr(TaskModel, "__call__", lambda *_, **__: torch.empty(1 << 50, dtype=torch.uint8))

    job_id, status, _ = attempt_at(bench, spec(task, bench.upload(SAMPLES[task, ""].rows)))

    job, told = bench.job(job_id), bench.told(job_id)
    assert (status, job.status) == (ENDED, "failed"), told
    assert job.error is not None
    assert (job.error["param"], "does not fit into memory" in job.error["message"]) == ("schedule.max_length", True)
    assert any("pieces of 1 rows" in line for line in told), "smaller pieces were tried before"
    assert job.fine_tuned_model is None
    assert not bench.store.exists(f"jobs/{job_id}/checkpoints")


def test_a_decoder_that_cannot_be_written_is_no_full_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("the builder broke")

    monkeypatch.setattr(decoder_export, "_build", broken)
    job_id, _, _ = attempt_at(bench, spec("text_generation", bench.upload(SAMPLES["text_generation", ""].rows)))
    error = bench.job(job_id).error or {}
    assert error["code"] == "export_failed"
    assert "the builder broke" in error["message"]
