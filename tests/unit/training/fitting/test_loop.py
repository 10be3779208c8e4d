from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from services.training.fitting import device
from services.training.fitting import loop as fitting
from services.training.fitting.callback import StepReport, ValidationReport
from services.training.fitting.checkpoint import CheckpointFolder, Progress
from services.training.fitting.loop import FitResult, Method, Stopped, fit, parameter_groups, rate_factor, rates_at
from services.training.fitting.recipe import Recipe
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.nlu.examples import Example, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.loss import Weights, joint_loss
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict, scores
from services.training.tasks.nlu.task import TASK
from shared.contracts.training.objectives import Adversarial, ClassWeights, Focal, RDrop
from shared.contracts.training.tunings import (
    AdaLora,
    Adapter,
    BitFit,
    Dora,
    Frozen,
    Full,
    Ia3,
    Lora,
    Prefix,
    Prompt,
    PTuning,
    Spec,
)
from shared.errors import TrainingFailed
from shared.tasks.nlu.row import Row
from tests.unit.training.tiny_base import ROWS, method, recipe, tiny_base

LABELS = LabelSpace.of(ROWS)
HOWS: tuple[tuple[Spec, ...], ...] = (
    (Full(),),
    (Full(), Adversarial()),
    (Full(), Adversarial(method="pgd", steps=2)),
    (Full(), Adversarial(method="freelb", steps=2)),
    (Full(), RDrop()),
    (Full(), ClassWeights()),
    (Full(), ClassWeights(by="inverse"), Focal(), RDrop()),
    (Lora(rank=4),),
    (Dora(rank=4),),
    (AdaLora(rank=4),),
    (Ia3(),),
    (Prefix(tokens=4),),
    (BitFit(),),
    (Adapter(size=8),),
    (Prompt(tokens=4),),
    (PTuning(tokens=4, width=8),),
    (Frozen(),),
    (Frozen(layers=1),),
)
#: The figure of a name: ``full-adversarial-pgd``.
NAMES = ["-".join(str(value) for part in how for value in part.model_dump().values()) for how in HOWS]


@dataclass
class Recorder:
    """A callback that keeps what it is told, and stops before the step after ``stop_after``."""

    stop_after: int | None = None
    steps: list[StepReport] = field(default_factory=list)
    validations: list[ValidationReport] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def stepped(self, report: StepReport) -> None:
        self.steps.append(report)

    def validated(self, report: ValidationReport) -> None:
        self.validations.append(report)

    def noticed(self, message: str) -> None:
        self.notices.append(message)

    def stopping(self) -> bool:
        return self.stop_after is not None and len(self.steps) >= self.stop_after


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(scope="module")
def examples(base: Path) -> list[Example]:
    return examples_of(TextEncoder.load(base, max_length=32), ROWS, LABELS)


@dataclass
class Trained:
    model: JointModel
    result: FitResult
    callback: Recorder


def train(
    base: Path,
    examples: list[Example],
    chosen: Recipe,
    folder: Path,
    *,
    how: Method | None = None,
    valid: list[Example] | None = None,
) -> Trained:
    model = JointModel.load(base, LABELS, chosen.dropout)
    callback = Recorder()
    result = fit(
        model,
        examples,
        examples if valid is None else valid,
        chosen,
        how or method(),
        checkpoints=CheckpointFolder(folder),
        callback=callback,
    )
    return Trained(model, result, callback)


def untimed(result: FitResult) -> FitResult:
    return replace(result, seconds=0, seconds_a_step=0)


def weights(model: JointModel) -> dict[str, Tensor]:
    return dict(model.state_dict())


def assert_same(one: JointModel, other: JointModel) -> None:
    theirs = weights(other)
    assert weights(one).keys() == theirs.keys()
    for name, tensor in weights(one).items():
        assert torch.allclose(tensor, theirs[name], rtol=0, atol=1e-6), name


def test_a_model_learns_its_rows_by_heart(base: Path, examples: list[Example], tmp_path: Path) -> None:
    trained = train(base, examples, recipe(epochs=25), tmp_path)

    found = scores(predict(trained.model, examples), examples, LABELS)
    assert min(found.values()) > 0.9
    assert trained.result.scores == found
    assert trained.result.score == pytest.approx(sum(found.values()) / 3)


@pytest.mark.parametrize("how", HOWS[1:], ids=NAMES[1:])
def test_every_other_way_learns_too(base: Path, examples: list[Example], how: tuple[Spec, ...], tmp_path: Path) -> None:
    trained = train(base, examples, recipe(how[0], epochs=10), tmp_path, how=method(*how), valid=[])

    losses = [report.loss for report in trained.callback.steps]
    assert sum(losses[-3:]) < 0.85 * sum(losses[:3])


@pytest.mark.parametrize("how", HOWS, ids=NAMES)
@pytest.mark.parametrize("stop_after", [1, 5])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    base: Path, examples: list[Example], how: tuple[Spec, ...], stop_after: int, tmp_path: Path
) -> None:
    chosen = recipe(how[0])
    whole = train(base, examples, chosen, tmp_path / "whole", how=method(*how))
    folder = CheckpointFolder(tmp_path / "halves")
    first = JointModel.load(base, LABELS, 0.1)
    half, stopping = method(*how), Recorder(stop_after=stop_after)
    with pytest.raises(Stopped):
        fit(first, examples, examples, chosen, half, checkpoints=folder, callback=stopping)

    resumed = train(base, examples, chosen, tmp_path / "halves", how=method(*how))

    assert len(resumed.callback.steps) == whole.result.steps - stop_after
    assert untimed(resumed.result) == untimed(whole.result)
    assert_same(resumed.model, whole.model)


def test_a_checkpoint_of_other_weights_is_told_and_training_begins_again(
    base: Path, examples: list[Example], tmp_path: Path
) -> None:
    folder = CheckpointFolder(tmp_path / "other")
    whole_table = JointModel.load(base, LABELS, 0.1)
    folder.save(whole_table, torch.optim.AdamW(whole_table.parameters()), Progress(step=2))

    trained = train(base, examples, recipe(), folder.path)

    assert trained.result.steps == len(trained.callback.steps)
    (notice,) = trained.callback.notices
    assert "begins again" in notice


def test_a_run_that_was_stopped_before_its_first_step_is_not_taken_for_another_releases(
    base: Path, examples: list[Example], tmp_path: Path
) -> None:
    folder = CheckpointFolder(tmp_path / "stopped")
    model = JointModel.load(base, LABELS, 0.1)
    with pytest.raises(Stopped):
        fit(model, examples, examples, recipe(), method(), checkpoints=folder, callback=Recorder(stop_after=0))

    assert train(base, examples, recipe(), folder.path).callback.notices == []


def test_the_seed_decides_everything(base: Path, examples: list[Example], tmp_path: Path) -> None:
    one = train(base, examples, recipe(), tmp_path / "one")
    same = train(base, examples, recipe(), tmp_path / "same")
    other = train(base, examples, replace(recipe(), seed=8), tmp_path / "other")

    assert_same(one.model, same.model)
    assert not torch.equal(one.model.projection.weight, other.model.projection.weight)


def test_the_model_ends_with_the_weights_that_validation_kept(
    base: Path, examples: list[Example], tmp_path: Path
) -> None:
    # The rate is so high that the last weights are hardly ever the best, and the rows so many that it is no chance.
    trained = train(base, examples, replace(recipe(epochs=6), encoder_rate=0.1), tmp_path, valid=examples * 50)

    kept = [report for report in trained.callback.validations if report.is_kept][-1]
    found = scores(predict(trained.model, examples), examples, LABELS)
    assert trained.result.best_step == kept.step < trained.result.steps
    assert trained.result.score == kept.score == pytest.approx(sum(found.values()) / len(found))


def test_training_ends_when_validation_no_longer_gains(base: Path, examples: list[Example], tmp_path: Path) -> None:
    still = replace(recipe(epochs=50, patience=2), encoder_rate=0.0, head_rate=0.0)
    worse = [replace(example, intent=(example.intent + 1) % 3) for example in examples if example.intent >= 0]

    trained = train(
        base, examples, replace(still, head_rate=0.05), tmp_path, how=weighted(anchor=0.0), valid=worse * 50
    )

    assert trained.result.stopped_early
    last, best = trained.callback.validations[-1], trained.result.best_step
    assert last.step - best == 2 * 3  # validations of patience, steps an epoch


def test_without_validation_rows_the_last_weights_are_kept(base: Path, examples: list[Example], tmp_path: Path) -> None:
    trained = train(base, examples, recipe(), tmp_path, valid=[])

    assert (trained.result.score, trained.result.scores) == (None, {})
    assert trained.result.best_step == trained.result.steps == 9
    assert not trained.result.stopped_early


def test_a_step_limit_cuts_the_run_short_and_still_validates(
    base: Path, examples: list[Example], tmp_path: Path
) -> None:
    trained = train(base, examples, recipe(max_steps=4), tmp_path)

    assert [report.step for report in trained.callback.steps] == [1, 2, 3, 4]
    assert trained.callback.steps[-1].total_steps == 4
    assert [report.step for report in trained.callback.validations] == [3, 4]


def test_reports_tell_pace_and_tokens(base: Path, examples: list[Example], tmp_path: Path) -> None:
    ticks = iter(range(10_000))
    model = JointModel.load(base, LABELS, 0.1)
    callback = Recorder()

    result = fit(
        model,
        examples,
        [],
        recipe(),
        method(),
        checkpoints=CheckpointFolder(tmp_path),
        callback=callback,
        clock=lambda: float(next(ticks)),
    )

    assert [report.epoch for report in callback.steps] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert callback.steps[-1].seconds_left == 0
    assert all(report.rows_per_second > 0 and report.seconds_left > 0 for report in callback.steps[:-1])
    assert result.trained_tokens == 3 * sum(len(example.ids) for example in examples)


def weighted(**weights: float) -> Method:
    """Another mixture of the parts of the loss."""
    mixed = partial(joint_loss, weights=Weights(**weights))
    return replace(method(), task=replace(TASK, loss=mixed))


class SmallMemory(JointModel):
    """A model on a device that holds only so many rows."""

    rows = 2

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        if self.training and len(input_ids) > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(input_ids, attention_mask, token_type_ids)


@pytest.mark.parametrize("how", HOWS[:4], ids=NAMES[:4])
def test_when_memory_runs_out_smaller_pieces_give_the_same_model(
    base: Path, examples: list[Example], how: tuple[Spec, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Here the arithmetic is to be checked: in bfloat16, and on a GPU, a sum of pieces is rounded otherwise than the whole.
    monkeypatch.setattr(device, "_has_bfloat16", lambda _: False)
    monkeypatch.setattr(fitting, "best_device", lambda: torch.device("cpu"))
    # Dropout would draw differently for pieces.
    exact = replace(recipe(batch_size=8), dropout=0.0)
    wanted = train(base, examples, exact, tmp_path / "whole", how=method(*how), valid=[])
    small, callback = SmallMemory.load(base, LABELS, 0.0), Recorder()

    checkpoints = CheckpointFolder(tmp_path / "small")
    fit(small, examples, [], exact, method(*how), checkpoints=checkpoints, callback=callback)

    assert ["pieces of 4" in callback.notices[0], "pieces of 2" in callback.notices[1]] == [True, True]
    found, expected = predict(small, examples), predict(wanted.model, examples)
    assert found.embeddings == pytest.approx(expected.embeddings, abs=1e-3)
    assert found.sentiment == pytest.approx(expected.sentiment, abs=1e-2)


@pytest.mark.parametrize(
    "careful", [{"rows_at_once": 3}, {"gradient_checkpointing": True}], ids=lambda one: str(next(iter(one)))
)
def test_less_memory_gives_the_same_model(
    base: Path, examples: list[Example], careful: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_has_bfloat16", lambda _: False)
    monkeypatch.setattr(fitting, "best_device", lambda: torch.device("cpu"))
    exact = replace(recipe(batch_size=8), dropout=0.0)
    wanted = train(base, examples, exact, tmp_path / "whole", valid=[])

    found = train(base, examples, replace(exact, **careful), tmp_path / "careful", valid=[])

    ours, theirs = predict(found.model, examples), predict(wanted.model, examples)
    assert ours.embeddings == pytest.approx(theirs.embeddings, abs=1e-3)
    assert ours.sentiment == pytest.approx(theirs.sentiment, abs=1e-2)


def test_lower_layers_may_learn_more_slowly(base: Path) -> None:
    model = JointModel.load(base, LABELS, 0.1)

    groups = parameter_groups(model, replace(recipe(), encoder_rate=1.0, layer_decay=0.5))

    rates = {id(weight): group["lr"] for group in groups for weight in group["params"]}
    by_name = {name: rates[id(weight)] for name, weight in model.named_parameters()}
    assert {rate for name, rate in by_name.items() if ".layer.1." in name} == {1.0}
    assert {rate for name, rate in by_name.items() if ".layer.0." in name} == {0.5}
    assert {rate for name, rate in by_name.items() if "embeddings." in name} == {0.25}
    assert {rate for name, rate in by_name.items() if not name.startswith("encoder.")} == {recipe().head_rate}


def test_a_row_that_fits_into_no_memory_ends_the_job_with_a_remedy(
    base: Path, examples: list[Example], tmp_path: Path
) -> None:
    class NoMemory(SmallMemory):
        rows = 0

    model = NoMemory.load(base, LABELS, 0.1)

    with pytest.raises(TrainingFailed, match=r"max_length"):
        fit(model, examples, [], recipe(), method(), checkpoints=CheckpointFolder(tmp_path), callback=Recorder())


def test_a_loss_that_explodes_ends_the_job_with_a_remedy(base: Path, examples: list[Example], tmp_path: Path) -> None:
    model = JointModel.load(base, LABELS, 0.1)
    with torch.no_grad():
        model.projection.weight.fill_(torch.inf)

    with pytest.raises(TrainingFailed, match="learning_rate_multiplier"):
        fit(model, examples, [], recipe(), method(), checkpoints=CheckpointFolder(tmp_path), callback=Recorder())


def test_no_rows_end_the_job(base: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="no rows"):
        train(base, [], recipe(), tmp_path)


def test_out_of_scope_rows_make_the_intent_head_undecided(base: Path, examples: list[Example], tmp_path: Path) -> None:
    def certainty(outlier_weight: float) -> float:
        chosen, how = replace(recipe(epochs=20), dropout=0.0), weighted(outliers=outlier_weight)
        outsiders = [example for example in examples if example.intent == -1]
        trained = train(base, examples, chosen, tmp_path / str(outlier_weight), how=how)
        logits = predict(trained.model, outsiders).intent
        assert logits is not None
        return float(torch.from_numpy(logits).softmax(dim=-1).amax(dim=-1).mean())

    assert certainty(1.0) < 0.6 < certainty(0.0)


def test_a_batch_without_any_label_of_a_head_leaves_that_head_alone(base: Path, tmp_path: Path) -> None:
    rows = [Row(row.text, sentiment=row.sentiment or "neutral") for row in ROWS]
    model = JointModel.load(base, LABELS, 0.1)
    assert model.tags is not None
    before = model.tags.weight.clone()
    unlabelled = examples_of(TextEncoder.load(base, max_length=32), rows, LABELS)
    no_decay = replace(recipe(), weight_decay=0.0)

    fit(model, unlabelled, [], no_decay, method(), checkpoints=CheckpointFolder(tmp_path), callback=Recorder())

    assert torch.equal(model.tags.weight.cpu(), before)


def test_the_embedding_ends_near_the_base_models_anchored_or_not(
    base: Path, examples: list[Example], tmp_path: Path
) -> None:
    untrained = torch.from_numpy(predict(JointModel.load(base, LABELS, 0.0), examples).embeddings)

    def similarity(anchor_weight: float) -> float:
        how = weighted(anchor=anchor_weight)
        trained = train(base, examples, recipe(epochs=20), tmp_path / str(anchor_weight), how=how)
        tuned = predict(trained.model, examples).embeddings
        return float((untrained * torch.from_numpy(tuned)).sum(dim=-1).mean())

    assert similarity(1.0) > 0.95
    assert similarity(0.0) > 0.9  # by the map that is solved at the end alone


def factors(total: int, warmup: float) -> Iterator[float]:
    return (rate_factor(step, total, warmup) for step in range(total))


def test_rates_rise_to_their_peak_and_fall_towards_zero() -> None:
    found = list(factors(100, 0.1))

    assert max(found) == found[9] == 1.0
    assert found[:10] == sorted(found[:10])
    assert found[9:] == sorted(found[9:], reverse=True)
    assert 0 < min(found) == pytest.approx(1 / 90)


def test_the_rates_told_of_a_step_are_those_it_is_taken_with() -> None:
    run = recipe(epochs=1)
    told = [rates_at(run, step, 100) for step in range(1, 101)]
    assert told[9] == {"encoder_rate": run.encoder_rate, "head_rate": run.head_rate}, "the peak"
    assert [one["head_rate"] for one in told] == [factor * run.head_rate for factor in factors(100, run.warmup)]


@pytest.mark.parametrize("total", [1, 2, 3])
def test_the_shortest_runs_still_learn(total: int) -> None:
    assert all(0 < factor <= 1 for factor in factors(total, 0.1))
