"""Jobs that go on from a model of ours: what it knew is replayed, held, or told as forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from services.training.data.past import replayed
from services.training.jobs.child import ENDED
from shared.artifacts.layout import encoder_key, file_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.objectives import Ewc, Objective, Replay
from shared.rows.row import learned_labels
from shared.storage.training import files, models
from shared.tasks.text_classification.record import Row
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import Record, classified, looked_for
from tests.unit.training.tiny_base import tiny_base

OLD = [row for row in classified() if row["label"] in ("track", "refund")]
NEW: list[Record] = [row for row in classified() if row["label"] == "hours"] + [
    {"text": f"talk about {topic} number {number}", "label": "chat"}
    for topic in ("soup", "jazz", "the sea")
    for number in range(6)
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent) as made:
        yield made


def spec(model: str, training_file: str, *objectives: Objective, epochs: int = 6) -> JobSpec:
    asked = job_kit.spec(model, training_file, epochs=epochs)
    return asked.model_copy(update={"task": "text_classification", "objectives": objectives})


def made(bench: Bench, asked: JobSpec) -> tuple[str, str]:
    """Run a job; its id and its model's."""
    job_id, status, _ = attempt_at(bench, asked)
    job = bench.job(job_id)
    assert (status, job.status) == (ENDED, "succeeded"), bench.told(job_id)
    return job_id, job.fine_tuned_model or ""


def metrics(bench: Bench, model: str) -> dict[str, Any]:
    with bench.database.reading() as session:
        return models.get(session, model).metrics


def old_labels(found: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {row["label"]: (row["before"], row["after"]) for row in found["forgotten"]["labels"]}


def test_old_labels_stay_with_replay_and_are_told_as_forgotten_without(bench: Bench, base: str, tmp_path: Path) -> None:
    _, parent = made(bench, spec(base, bench.upload(OLD)))
    file = bench.upload(NEW)

    job_id, kept = made(bench, spec(parent, file, Replay(share=0.5)))
    without_job, without = made(bench, spec(parent, file))

    assert bundle_of(bench, kept, tmp_path).manifest.labels.labels == ("chat", "hours", "refund", "track")
    found = metrics(bench, kept)
    assert found["added"]["replay"] > 10
    assert found["forgotten"]["model"] == parent
    assert all(after >= before - 0.5 for before, after in old_labels(found).values())
    assert any(line.startswith("Replay: ") for line in bench.told(job_id))
    assert bundle_of(bench, without, tmp_path).manifest.labels.labels == ("chat", "hours")
    assert {after for _, after in old_labels(metrics(bench, without)).values()} == {0.0}
    (told,) = [line for line in bench.told(without_job) if "F1 fell most of" in line]
    assert parent in told
    assert f"What {parent} knew" in _report(bench, bench.job(job_id).result_files)


def test_what_was_replayed_once_is_replayed_again(bench: Bench, base: str, tmp_path: Path) -> None:
    _, first = made(bench, spec(base, bench.upload(OLD), epochs=1))
    _, second = made(bench, spec(first, bench.upload(NEW), Replay(), epochs=1))
    newest: list[Record] = [
        {"text": f"{word} {number}", "label": word} for word in ("alpha", "omega") for number in range(8)
    ]

    _, third = made(bench, spec(second, bench.upload(newest), Replay(), epochs=1))

    assert set(bundle_of(bench, third, tmp_path).manifest.labels.labels) == {
        "track", "refund", "hours", "chat", "alpha", "omega"
    }  # fmt: skip


def test_tasks_without_labels_replay_and_tell_their_scores(bench: Bench, base: str) -> None:
    rows = looked_for()
    half = len(rows) // 2
    asked = spec(base, bench.upload(rows[:half]), epochs=1).model_copy(update={"task": "embedding"})
    _, parent = made(bench, asked)
    again = {"model": parent, "training_file": bench.upload(rows[half:]), "objectives": (Replay(),)}

    job_id, model = made(bench, asked.model_copy(update=again))

    found = metrics(bench, model)
    assert found["added"]["replay"] > 0
    assert found["forgotten"]["labels"] == []
    assert found["forgotten"]["scores"].keys() >= {"mrr"}
    assert any(f"test rows of {parent}: " in line for line in bench.told(job_id))


@pytest.mark.parametrize("objective", [Replay(), Ewc()])
def test_without_the_old_file_the_job_is_refused_with_the_reason(bench: Bench, base: str, objective: Objective) -> None:
    old = bench.upload(OLD)
    _, parent = made(bench, spec(base, old, epochs=1))
    with bench.database.transaction() as session:
        files.delete(session, old)
    bench.store.delete(file_key(old))
    file = bench.upload(NEW)

    job_id, _, _ = attempt_at(bench, spec(parent, file, objective))

    job = bench.job(job_id)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error["param"] == "objectives"
    assert old in job.error["message"]
    assert f"Leave '{objective.type}' out" in job.error["message"]
    made(bench, spec(parent, file, epochs=1))


def test_a_job_from_no_model_of_ours_has_nothing_to_replay(bench: Bench, base: str) -> None:
    job_id, _, _ = attempt_at(bench, spec(base, bench.upload(NEW), Replay()))
    assert "is no model of yours" in str(bench.job(job_id).error)


def test_held_weights_end_nearer_to_where_they_began(bench: Bench, base: str, tmp_path: Path) -> None:
    _, parent = made(bench, spec(base, bench.upload(OLD), epochs=2))
    file = bench.upload(NEW)
    began = encoder(bench.store, parent, tmp_path)
    away = {}
    for objectives in ((), (Ewc(weight=1e4),)):
        job_id, model = made(bench, spec(parent, file, *objectives, epochs=2))
        ended = encoder(bench.store, model, tmp_path)
        away[bool(objectives)] = sum(float((ended[name] - began[name]).square().sum()) for name in began) ** 0.5
    assert away[True] < 0.9 * away[False]
    assert any("are held by what they meant for" in line for line in bench.told(job_id))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_replay_takes_its_share_and_some_of_every_label(share: float) -> None:
    rows = [Row(f"text {number}", label=f"label {number % 7 if number % 10 else 7}") for number in range(300)]
    found = replayed(rows, 40, share, seed=1)
    assert len(found) == max(8, min(300, round(40 * share / (1 - share))))
    assert {pair for row in found for pair in learned_labels(row)} == {
        pair for row in rows for pair in learned_labels(row)
    }
    assert found == replayed(rows[::-1], 40, share, seed=1) != replayed(rows, 40, share, seed=2)


def encoder(store: ArtifactStore, model: str, cache: Path) -> dict[str, Any]:
    tensors = load_file(store.fetch_folder(encoder_key(model), cache) / "model.safetensors")
    return {name: tensor for name, tensor in tensors.items() if "word_embeddings" not in name}


def _report(bench: Bench, result_files: Sequence[str]) -> str:
    with bench.database.reading() as session:
        (report,) = [one for one in result_files if files.get(session, one).filename == "report.html"]
    with bench.store.open(file_key(report)) as stream:
        return stream.read().decode()
