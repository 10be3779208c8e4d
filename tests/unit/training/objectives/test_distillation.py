"""What a student learns of a teacher, apart from jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from services.training.fitting.batching import Batch, together
from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import Method, Stopped, fit
from services.training.models.text_encoder import TextEncoder
from services.training.objectives.distillation import DistillationObjective, divergence, states_apart
from services.training.objectives.r_drop import RDropObjective
from services.training.objectives.soft_targets import SoftTargets, TokenStates, matched
from services.training.tasks.nlu.examples import Example, collate, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.loss import Counts
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.task import TASK
from services.training.tunings.table import TUNINGS, tuning_of
from shared.artifacts.manifest import Labels
from shared.contracts.training.objectives import Distillation, RDrop
from shared.contracts.training.tunings import Spec
from shared.errors import TrainingFailed
from tests.unit.training.fitting.quiet import Quiet
from tests.unit.training.tiny_base import FULL, ROWS, WIDTH, recipe, tiny_base

LABELS = LabelSpace.of(ROWS)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(scope="module")
def examples(base: Path) -> list[Example]:
    return examples_of(TextEncoder.load(base, max_length=32), ROWS, LABELS)


def lesson(examples: Sequence[Example], base: Path | None = None, folder: Path | None = None) -> SoftTargets:
    """Answers of a teacher that knows nothing but is sure of it."""
    chance = np.random.default_rng(3)
    states = None
    if base is not None and folder is not None:
        states = TokenStates.read(base, examples, TASK, folder / "states")
    return SoftTargets(
        logits={
            "intent": [chance.normal(size=len(LABELS.intents)).astype(np.float32) for _ in examples],
            "tags": [chance.normal(size=(len(one), len(LABELS.tags))).astype(np.float32) for one in examples],
        },
        of_tokens=TASK.token_outputs,
        states=states,
    )


def objective(targets: SoftTargets, **options: float) -> DistillationObjective:
    found = DistillationObjective(Distillation.model_validate({"teacher": "ft:a", **options}))
    found.follow(targets)
    return found


def test_columns_are_matched_by_name() -> None:
    student = Labels(intents=("b", "c"), tags=("O", "B-x", "I-x"))
    teacher = Labels(intents=("a", "b", "c"), tags=("O", "B-a", "I-a", "B-x", "I-x"), sentiments=("negative",))
    assert matched(student, teacher) == {"intent": [1, 2], "tags": [0, 3, 4]}
    assert matched(Labels(), Labels()) == {"logits": [0]}, "scores have no names"


@pytest.mark.parametrize(
    ("student", "teacher", "reason"),
    [
        (
            Labels(intents=("a", "new")),
            Labels(intents=("a",)),
            "does not know 1 of the intents in the rows, e.g. 'new'",
        ),
        (Labels(labels=("a",), several=True), Labels(labels=("a",)), "of another kind"),
        (Labels(), Labels(labels=("a",)), "of another kind"),
    ],
)
def test_a_teacher_that_does_not_know_the_labels_is_refused(student: Labels, teacher: Labels, reason: str) -> None:
    with pytest.raises(TrainingFailed, match=reason) as refused:
        matched(student, teacher)
    assert refused.value.param == "objectives"


def test_the_divergence_is_that_of_the_distributions() -> None:
    one, other = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[3.0, 1.0, 0.0]])
    p, q = other.softmax(-1), one.softmax(-1)
    assert divergence(one, other).item() == pytest.approx((p * (p / q).log()).sum().item(), rel=1e-5)
    assert divergence(other, other).item() == pytest.approx(0, abs=1e-6)
    assert divergence(other, other, independent=True).item() == pytest.approx(0, abs=1e-6)
    assert divergence(one, other, independent=True).item() > 0


def test_the_loss_of_the_pieces_adds_up_to_that_of_the_batch(
    base: Path, examples: list[Example], tmp_path: Path
) -> None:
    model = JointModel.load(base, LABELS, dropout=0.0).eval()
    batch, whole = together(TASK.prepare(model, examples), collate), None
    whole = Counts.of(batch)

    def inner(model: JointModel, piece: Batch, whole: Counts) -> tuple[Tensor, dict[str, Tensor]]:
        del whole
        return torch.zeros(()), model(**piece.inputs)

    loss = objective(lesson(examples, base, tmp_path)).loss(inner)  # type: ignore[arg-type]
    total = loss(model, batch, whole)[0]
    pieces = torch.stack([loss(model, piece, whole)[0] for piece in batch.chunks(5)]).sum()

    assert total.item() > 0
    assert pieces.item() == pytest.approx(total.item(), rel=1e-5)


def test_a_student_with_its_teacher_s_states_has_nothing_to_learn_of_them(
    base: Path, examples: list[Example], tmp_path: Path
) -> None:
    model = JointModel.load(base, LABELS, dropout=0.0).eval()
    batch = together(examples, collate)
    states = model.encode(*batch.inputs.values())
    teacher = TokenStates.read(base, examples, TASK, tmp_path / "states")

    assert states_apart(states, batch, teacher).item() == pytest.approx(0, abs=1e-2)
    assert states_apart(-states, batch, teacher).item() > len(examples)
    narrow = states[..., : WIDTH // 2]
    assert 0 < states_apart(narrow, batch, teacher).item() < 100, "of another width they are compared among each other"


def test_a_student_comes_to_say_what_its_teacher_says(base: Path, examples: list[Example], tmp_path: Path) -> None:
    targets = lesson(examples)
    model = JointModel.load(base, LABELS, dropout=0.0)
    how = Method(TASK, tuning_of(FULL), [objective(targets, weight=20.0, temperature=1.0)])
    fit(model, examples, [], recipe(epochs=60), how, checkpoints=CheckpointFolder(tmp_path), callback=Quiet())

    batch = together(examples, collate)
    said = model.eval()(**batch.inputs)["intent"].argmax(-1)
    meant = targets.of("intent", batch.positions, 0).argmax(-1)
    assert (said == meant).float().mean() > 0.8, "against the labels"


def test_a_run_that_goes_on_ends_with_the_weights_of_one_that_never_stopped(
    base: Path, examples: list[Example], tmp_path: Path
) -> None:
    def run(folder: Path, name: str, stop_after: int | None = None) -> dict[str, Tensor]:
        states = tmp_path / name
        states.mkdir()
        model = JointModel.load(base, LABELS, dropout=0.1)
        how = Method(TASK, tuning_of(FULL), [objective(lesson(examples, base, states))])
        steps = SimpleNamespace(taken=0)
        watch = Quiet()
        watch.stepped = lambda report: setattr(steps, "taken", report.step)  # type: ignore[method-assign]
        watch.stopping = lambda: steps.taken == stop_after  # type: ignore[method-assign]
        fit(model, examples, examples, recipe(), how, checkpoints=CheckpointFolder(folder), callback=watch)
        return dict(model.state_dict())

    whole = run(tmp_path / "whole", "a")
    with pytest.raises(Stopped):
        run(tmp_path / "broken", "b", stop_after=4)
    again = run(tmp_path / "broken", "c")

    assert all(torch.equal(whole[name], again[name]) for name in whole)


@pytest.mark.parametrize("tuning", [*TUNINGS], ids=lambda kind: kind.__name__)
def test_a_model_learns_from_a_teacher_however_it_is_tuned(
    tuning: type[Spec], base: Path, examples: list[Example], tmp_path: Path
) -> None:
    model = JointModel.load(base, LABELS, dropout=0.1)
    learned = [objective(lesson(examples, base, tmp_path)), RDropObjective(RDrop(), TASK.distributions)]
    how = Method(TASK, tuning_of(tuning()), learned)
    checkpoints = CheckpointFolder(tmp_path / "checkpoints")
    fitted = fit(
        model, examples, examples, recipe(tuning(), max_steps=2), how, checkpoints=checkpoints, callback=Quiet()
    )
    assert fitted.steps == 2


def test_without_a_teacher_nothing_is_trained(base: Path, examples: list[Example], tmp_path: Path) -> None:
    model = JointModel.load(base, LABELS, dropout=0.1)
    how = Method(TASK, tuning_of(FULL), [DistillationObjective(Distillation())])
    with pytest.raises(TrainingFailed, match="no teacher"):
        fit(model, examples, [], recipe(), how, checkpoints=CheckpointFolder(tmp_path), callback=Quiet())
