"""Jobs whose model learns from another, or keeps a part of its base model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from transformers import MPNetConfig, MPNetModel

from services.training.fitting.head_importance import head_importance
from services.training.models.base_models import Base
from services.training.models.encoder import load_encoder
from services.training.models.pruned_heads import attentions, head_counts
from services.training.models.students import Measures, evenly, most_important, student_of
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.objectives import Distillation
from shared.contracts.training.tasks import TaskName
from shared.contracts.training.tunings import Full, Lora
from shared.errors import TrainingFailed
from shared.storage.training import models
from tests.task_bundles import Made
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import recipe, tiny_base

TAUGHT: tuple[tuple[TaskName, str], ...] = (
    ("nlu", ""),
    ("text_classification", "one label"),
    ("text_classification", "several labels"),
    ("token_classification", "tokens"),
    ("pair_classification", "scores"),
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent) as made:
        yield made


def spec(model: str, file: str, task: TaskName, epochs: int = 8, **options: Any) -> JobSpec:
    return job_kit.spec(model, file, epochs=epochs).model_copy(update={"task": task, **options})


def trained(bench: Bench, asked: JobSpec) -> tuple[str, list[str]]:
    """The model that a job made, and what it told."""
    job_id, _, _ = attempt_at(bench, asked)
    told = bench.told(job_id)
    assert bench.job(job_id).status == "succeeded", told
    return bench.job(job_id).fine_tuned_model or "", told


def _unasked(*_: object) -> Any:
    raise AssertionError("nobody should ask")


NOTHING = Measures(_unasked, _unasked)


@pytest.mark.parametrize(
    ("task", "kind"), [*TAUGHT[:2], *(pytest.param(*one, marks=pytest.mark.slow) for one in TAUGHT[2:])]
)
def test_a_student_of_fewer_layers_learns_from_the_model_it_is_cut_from(
    task: TaskName, kind: str, bench: Bench, base: str, tmp_path: Path
) -> None:
    sample = SAMPLES[task, kind]
    file = bench.upload(sample.rows)
    teacher, _ = trained(bench, spec(base, file, task, sample.epochs))

    student, told = trained(bench, spec(teacher, file, task, sample.epochs, tuning=Full(student_layers=1)))

    assert any(f"{teacher} teaches" in line and "shows its states" in line for line in told)
    small, large = (bundle_of(bench, one, tmp_path) for one in (student, teacher))
    assert small.path("model.onnx").stat().st_size < large.path("model.onnx").stat().st_size
    with bench.database.reading() as session:
        metrics = models.get(session, student).metrics
    scores, beside = metrics["test"]["scores"], metrics["teacher"]
    assert beside["model"] == teacher
    assert beside["speedup"] == pytest.approx(beside["served"] / beside["teacher"])
    assert beside["points_lost"] < 40
    assert any("times the texts a second of its teacher" in line for line in told)
    assert scores[sample.score] > 0.6
    again, _ = trained(bench, spec(student, file, task, 1))
    assert again, "another job can go on from it"


def test_a_smaller_vocabulary_is_learned_served_and_gone_on_from(bench: Bench, base: str, tmp_path: Path) -> None:
    sample = SAMPLES["token_classification", "tokens"]
    file = bench.upload(sample.rows)
    teacher, _ = trained(bench, spec(base, file, "token_classification", 8))

    student, told = trained(bench, spec(teacher, file, "token_classification", 8, tuning=Full(vocabulary=3000)))

    assert any("teaches" in line and "shows its states" in line for line in told), "it cuts the rows alike"
    bundle = bundle_of(bench, student, tmp_path)
    assert Tokenizer.from_file(str(bundle.path("tokenizer.json"))).get_vocab_size() == 3000
    with bench.database.reading() as session:
        assert models.get(session, student).metrics["test"]["scores"]["entity_f1"] > 0.7
    trained(bench, spec(student, file, "token_classification", 1))


def test_a_base_model_may_learn_from_a_model_whose_tuning_stays_in_its_graph(bench: Bench, base: str) -> None:
    file = bench.upload(SAMPLES["nlu", ""].rows)
    teacher, _ = trained(bench, spec(base, file, "nlu", 2, tuning=Lora()))
    objectives = (Distillation(teacher=teacher, temperature=4, hidden_weight=0),)

    _, told = trained(bench, spec(base, file, "nlu", 2, objectives=objectives))

    assert any(line.endswith("training rows.") and "teaches" in line for line in told)


def test_teachers_that_cannot_teach_are_refused_with_the_reason(bench: Bench, base: str) -> None:
    rows = SAMPLES["text_classification", "one label"].rows
    known = bench.upload([row for row in rows if row["label"] != "hours"])
    teacher, _ = trained(bench, spec(base, known, "text_classification", 1))

    def refused(task: TaskName, file: str, name: str | None) -> str:
        asked = spec(base, file, task, 1, objectives=(Distillation(teacher=name),))
        job_id, _, _ = attempt_at(bench, asked)
        job = bench.job(job_id)
        assert job.status == "failed"
        assert job.error is not None
        assert job.error["param"] == "objectives"
        return str(job.error["message"])

    every = bench.upload(rows)
    assert "does not know 1 of the labels in the rows, e.g. 'hours'" in refused("text_classification", every, teacher)
    assert "is a model of task" in refused("nlu", bench.upload(SAMPLES["nlu", ""].rows), teacher)
    assert "no model ft:none" in refused("text_classification", every, "ft:none")
    assert "names no teacher" in refused("text_classification", every, None)


def test_a_student_of_a_base_model_learns_from_the_labels_alone(bench: Bench, base: str) -> None:
    file = bench.upload(SAMPLES["nlu", ""].rows)

    _, told = trained(bench, spec(base, file, "nlu", 1, tuning=Full(student_layers=1)))

    assert not any("teaches" in line for line in told)


def test_layers_are_kept_at_like_distances() -> None:
    assert evenly(6, 3) == [0, 2, 5]
    assert evenly(12, 6) == [0, 2, 4, 7, 9, 11]
    assert evenly(6, 1) == [0]
    with pytest.raises(TrainingFailed, match="has 6 layers"):
        evenly(6, 6)


def test_the_layers_that_are_kept_are_the_base_model_s(base: str, tmp_path: Path) -> None:
    whole = load_encoder(Path(base))

    made = student_of(Base("tiny", Path(base), None), Full(student_layers=1), tmp_path / "student", NOTHING).base

    student = load_encoder(made.folder)
    assert student.config.num_hidden_layers == 1
    weights = dict(whole.named_parameters())
    assert all(torch.equal(weight, weights[name]) for name, weight in student.named_parameters())
    assert (made.folder / "tokenizer.json").is_file()


def test_a_student_of_fewer_heads_learns_is_served_and_is_gone_on_from(bench: Bench, base: str, tmp_path: Path) -> None:
    sample = SAMPLES["text_classification", "one label"]
    file = bench.upload(sample.rows)
    teacher, _ = trained(bench, spec(base, file, "text_classification", 8))

    student, told = trained(bench, spec(teacher, file, "text_classification", 8, tuning=Full(student_heads=3)))

    assert any("3 attention heads are kept" in line for line in told), told
    with bench.database.reading() as session:
        metrics = models.get(session, student).metrics
    assert sorted(len(layer) for layer in metrics["heads"]["kept"]) == [1, 2]
    assert 0.5 < metrics["heads"]["importance"] < 1
    assert metrics["teacher"]["model"] == teacher, "what it costs is told beside the model it was cut from"
    assert metrics["test"]["scores"]["accuracy"] > sample.least
    bundle = bundle_of(bench, student, tmp_path)
    assert bundle.manifest.parity.max_abs_difference < 1e-3
    again, _ = trained(bench, spec(student, file, "text_classification", 1, tuning=Full(student_heads=2)))
    assert again, "another job can go on from it, with fewer still"


def test_what_is_kept_of_a_model_computes_what_the_whole_one_does_without_the_other_heads(
    base: str, tmp_path: Path
) -> None:
    kept = [[1], [0, 1]]
    whole, expected = load_encoder(Path(base)), load_encoder(Path(base))
    with torch.no_grad():  # the output of a layer's first head is left out
        attention: Any = attentions(expected)[0]
        attention.output.dense.weight[:, :16] = 0
    importance = [[float(head in layer) for head in range(2)] for layer in kept]

    made = student_of(
        Base("tiny", Path(base), None),
        Full(student_heads=3),
        tmp_path / "s",
        NOTHING._replace(heads=lambda _: importance),
    )

    student = load_encoder(made.base.folder)
    assert list(made.heads) == kept
    assert head_counts(student) == [1, 2]
    ids = torch.tensor([[101, 2054, 2003, 102]])
    with torch.no_grad():
        found, wanted, other = (one(input_ids=ids).last_hidden_state for one in (student, expected, whole))
    assert torch.allclose(found, wanted, atol=1e-5)
    assert not torch.allclose(found, other, atol=1e-2)


def test_the_heads_that_mean_most_stay_and_one_of_each_layer() -> None:
    importance = [[0.1, 0.2, 0.1], [0.9, 0.1, 0.8], [0.0, 0.3, 0.5]]
    assert most_important(importance, 3) == [[1], [0], [2]]
    assert most_important(importance, 5) == [[1], [0, 2], [1, 2]]


@pytest.mark.parametrize("wanted", [1, 4, 9])
def test_a_number_of_heads_that_is_none_is_refused(wanted: int, base: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="has 4 attention heads in 2 layers") as refused:
        student_of(Base("tiny", Path(base), None), Full(student_heads=wanted), tmp_path / "s", NOTHING)
    assert refused.value.param == "tuning.student_heads"


def test_heads_of_another_kind_are_refused(tmp_path: Path) -> None:
    config = MPNetConfig(
        vocab_size=50, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    MPNetModel(config).save_pretrained(tmp_path / "mpnet")
    with pytest.raises(TrainingFailed, match="out of MPNetModel"):
        student_of(Base("mpnet", tmp_path / "mpnet", None), Full(student_heads=1), tmp_path / "s", NOTHING)


def test_what_the_loss_rests_on_is_what_is_important(base: str) -> None:
    """One head of each layer is made to say nothing: its output is 0 whatever is read."""
    made = Made.on(Path(base), "text_classification", "one label")
    with torch.no_grad():
        for place, attention in enumerate(attentions(made.model.encoder)):
            silent: Any = attention
            silent.self.value.weight[place * 16 : place * 16 + 16] = 0
            silent.self.value.bias[place * 16 : place * 16 + 16] = 0

    found = head_importance(made.model, made.examples, made.task, recipe())

    assert [layer[place] for place, layer in enumerate(found)] == [0.0, 0.0]
    assert [sum(value**2 for value in layer) for layer in found] == pytest.approx([1.0, 1.0])
