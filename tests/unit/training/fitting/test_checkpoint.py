from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from services.training.fitting.checkpoint import CheckpointFolder, Progress


def trained(seed: int) -> tuple[nn.Linear, torch.optim.AdamW]:
    torch.manual_seed(seed)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    step(model, optimizer)
    return model, optimizer


def step(model: nn.Linear, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.rand(4, 3)).square().sum().backward()
    optimizer.step()


def test_restoring_brings_back_weights_moments_randomness_and_place(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "checkpoints")
    model, optimizer = trained(seed=1)
    folder.save(model, optimizer, Progress(epoch=2, batch=3, step=11, tokens=40, best_step=9, best_score=0.5))
    step(model, optimizer)

    other, other_optimizer = trained(seed=2)
    progress = folder.restore(other, other_optimizer)
    step(other, other_optimizer)  # draws its inputs from the restored generator

    assert torch.equal(other.weight, model.weight)
    assert progress == Progress(epoch=2, batch=3, step=11, tokens=40, best_step=9, best_score=0.5)


def test_an_empty_folder_leaves_a_run_at_its_beginning(tmp_path: Path) -> None:
    model, optimizer = trained(seed=1)
    before = model.weight.clone()

    progress = CheckpointFolder(tmp_path / "none").restore(model, optimizer)

    assert progress == Progress()
    assert torch.equal(model.weight, before)


def test_a_snapshot_of_other_weights_leaves_a_run_at_its_beginning(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    wider = nn.Linear(4, 2)
    folder.save(wider, torch.optim.AdamW(wider.parameters()), Progress(step=9))
    model, optimizer = trained(seed=1)

    assert folder.restore(model, optimizer) == Progress()
    assert folder.latest() is None, "or it would be taken for newer than what this run saves"


def test_a_run_without_validation_yet_can_be_restored(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.save(*trained(seed=1), Progress(step=1))

    assert folder.restore(*trained(seed=2)).best_score == float("-inf")


def test_only_the_newest_two_are_kept(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    for number in (1, 2, 10, 9999):
        folder.save(*trained(seed=1), Progress(step=number))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000010", "step-00009999"]
    assert folder.latest() == tmp_path / "step-00009999"


def test_what_a_crash_left_half_written_is_never_the_latest(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.save(*trained(seed=1), Progress(step=1))
    (tmp_path / "step-00000002.partial").mkdir()
    (tmp_path / "step-00000002.partial" / "tensors.safetensors").write_bytes(b"half")

    assert folder.latest() == tmp_path / "step-00000001"
    folder.save(*trained(seed=1), Progress(step=2))
    assert folder.restore(*trained(seed=2)).step == 2


def test_best_weights_outlive_later_ones(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "new")
    model, optimizer = trained(seed=1)
    folder.save_best(model)
    best = model.weight.clone()
    step(model, optimizer)

    folder.restore_best(model)

    assert torch.equal(model.weight, best)


def test_frozen_weights_are_not_written(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    model, _ = trained(seed=1)
    model.weight.requires_grad = False
    folder.save_best(model)
    with torch.no_grad():
        model.weight.zero_()

    folder.restore_best(model)

    assert not model.weight.any()


@pytest.mark.parametrize(
    ("scores", "kept_step", "stale"),
    [
        ((0.90, 0.88), 2, 0),  # by chance: a standard error of 0.9 is 0.03 over a hundred rows
        ((0.90, 0.86), 1, 1),
        ((0.90, 0.88, 0.86), 2, 1),  # chance does not add up: the highest score stays the measure
        ((0.90, 0.86, 0.88), 3, 0),
        ((0.10, 0.30, 0.20), 2, 1),
        ((0.30, 0.10, 0.20), 1, 2),
    ],
)
def test_the_latest_weights_are_kept_that_are_not_worse_by_more_than_chance(
    scores: tuple[float, ...], kept_step: int, stale: int
) -> None:
    progress = Progress()
    for number, score in enumerate(scores, start=1):
        progress.step = number
        progress.judge(score, {"intent_accuracy": score}, 100)

    assert (progress.best_step, progress.stale) == (kept_step, stale)
    assert (
        progress.best_scores == {"intent_accuracy": progress.best_score} == {"intent_accuracy": scores[kept_step - 1]}
    )


def test_the_more_rows_the_less_is_chance() -> None:
    few, many = Progress(), Progress()
    for score in (0.90, 0.88):
        few.judge(score, {}, 100)
        many.judge(score, {}, 1_000)

    assert (few.stale, many.stale) == (0, 1)
