"""Of two answers the better one is made likelier, in a whole job."""

from __future__ import annotations

from pathlib import Path

from services.training.jobs.child import ENDED
from shared.contracts.training.jobs import SCRATCH, Architecture, JobSpec, Schedule
from shared.contracts.training.objectives import Dpo
from shared.storage.training import models
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at
from tests.unit.training.tasks.samples import preferences


def test_a_job_learns_which_answer_is_better(tmp_path: Path) -> None:
    with job_kit.bench(tmp_path / "home") as bench:
        asked = job_kit.spec(SCRATCH, bench.upload(preferences()), epochs=10).model_copy(
            update={
                "task": "text_generation",
                "architecture": Architecture(layers=2, width=64, heads=2, vocabulary=320),
                "schedule": Schedule(max_length=64),
                "objectives": (Dpo(),),
            }
        )
        job_id, status, _ = attempt_at(bench, asked)
        assert (status, bench.job(job_id).status) == (ENDED, "succeeded"), bench.told(job_id)
        with bench.database.reading() as session:
            metrics = models.get(session, bench.job(job_id).fine_tuned_model or "").metrics
    before, after = (metrics[part]["scores"] for part in ("before", "test"))
    assert after["preference_accuracy"] > 0.8
    assert after["preference_margin"] > before["preference_margin"]
    assert "likelihood" not in after


def test_rows_of_one_answer_cannot_be_compared(tmp_path: Path) -> None:
    with job_kit.bench(tmp_path / "home") as bench:
        rows: list[dict[str, object]] = [
            {"messages": [{"role": "user", "content": f"{n}?"}, {"role": "assistant", "content": "so"}]}
            for n in range(20)
        ]
        asked: JobSpec = job_kit.spec(SCRATCH, bench.upload(rows), epochs=1).model_copy(
            update={
                "task": "text_generation",
                "architecture": Architecture(layers=1, width=32, heads=2, vocabulary=300),
                "objectives": (Dpo(),),
            }
        )
        job_id, _, _ = attempt_at(bench, asked)
        assert bench.job(job_id).status == "failed"
        assert (bench.job(job_id).error or {})["param"] == "training_file"
