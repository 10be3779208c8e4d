from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.training.fitting.choice_loss import ChoiceLoss
from services.training.jobs.child import ENDED
from services.training.objectives.class_weights import ClassWeightsObjective
from services.training.objectives.objective import Learned
from shared.contracts.training.jobs import Schedule
from shared.contracts.training.objectives import ClassWeights, Focal
from shared.contracts.training.offered import not_offered
from shared.contracts.training.tasks import TASK_NAMES, WRITERS, TaskName
from shared.contracts.training.tunings import Full
from shared.errors import TrainingFailed
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import tiny_base

LEARNED = Learned(
    {"intent": ("greet", "refund"), "entity": ("O", "city", "city", "date", "date")},
    {"intent": {"greet": 90, "refund": 10}, "entity": {"city": 4, "date": 4}},
)
#: Kinds of rows that have labels to choose among.
CHOICES = [key for key in SAMPLES if key[0].endswith("_classification") and key[1] != "scores"] + [("nlu", "")]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent) as made:
        yield made


def weights(spec: ClassWeights) -> dict[str, tuple[float, ...]]:
    return dict(ClassWeightsObjective(spec, LEARNED).charge(ChoiceLoss(gamma=1.0)).weights)


@pytest.mark.parametrize(("by", "ratio"), [("inverse", 9.0), ("square_root", 3.0)])
def test_rare_labels_weigh_more_and_a_row_weighs_one_in_the_mean(by: str, ratio: float) -> None:
    greet, refund = weights(ClassWeights.model_validate({"by": by}))["intent"]
    assert refund / greet == pytest.approx(ratio)
    assert 0.9 * greet + 0.1 * refund == pytest.approx(1)


def test_both_tags_of_an_entity_weigh_what_its_spans_do_and_no_entity_weighs_one() -> None:
    assert weights(ClassWeights())["entity"] == (1, 1, 1, 1, 1)
    assert weights(ClassWeights(labels={"date": 4, "O": 0.5}))["entity"] == (0.5, 1, 1, 4, 4)


def test_given_weights_stand_as_they_are() -> None:
    assert weights(ClassWeights(labels={"refund": 7}))["intent"] == (1, 7)


def test_a_weight_for_what_does_not_occur_is_refused_with_what_does() -> None:
    with pytest.raises(TrainingFailed, match=r"'refnud'.*greet, refund") as caught:
        ClassWeightsObjective(ClassWeights(labels={"refnud": 2}), LEARNED)
    assert caught.value.param == "objectives"


def test_the_owner_is_told_the_range() -> None:
    assert "intent from 0.56 (greet) to 5.00 (refund)" in (
        ClassWeightsObjective(ClassWeights(by="inverse"), LEARNED).note or ""
    )


@pytest.mark.parametrize("task", sorted(TASK_NAMES))
def test_tasks_without_labels_are_refused_with_what_to_use(task: TaskName) -> None:
    for objective in (ClassWeights(), Focal()):
        refused = not_offered(task, Full(), (objective,))
        if task in {name for name, _ in CHOICES}:
            assert refused is None
        else:
            assert refused is not None
            assert refused[0] == "objectives"
            instead = "use 'dpo'" if task == "text_generation" else "leave it out"
            assert (instead if task in WRITERS else "use 'adversarial'") in refused[1]


@pytest.mark.parametrize(("task", "kind"), CHOICES)
def test_every_task_with_labels_takes_them(task: TaskName, kind: str, bench: Bench, base: str) -> None:
    asked = job_kit.spec(base, bench.upload(SAMPLES[task, kind].rows), epochs=1)
    job_id, status, _ = attempt_at(
        bench,
        asked.model_copy(
            update={
                "task": task,
                "objectives": (ClassWeights(), Focal()),
                "schedule": Schedule(max_length=32, max_steps=2),
            }
        ),
    )
    assert (status, bench.job(job_id).status) == (ENDED, "succeeded"), bench.told(job_id)
    assert any(line.startswith("Class weights: ") for line in bench.told(job_id))


def test_pairs_with_scores_have_no_labels_to_weigh(bench: Bench, base: str) -> None:
    asked = job_kit.spec(base, bench.upload(SAMPLES["pair_classification", "scores"].rows))
    job_id, _, _ = attempt_at(bench, asked.model_copy(update={"task": "pair_classification", "objectives": (Focal(),)}))
    job = bench.job(job_id)
    assert job.status == "failed"
    assert "have scores" in str(job.error)
