from __future__ import annotations

import pytest
import torch
from torch import Tensor

from services.training.objectives.adversarial import moved_against

DISTANCE = 0.5


@pytest.fixture
def table() -> Tensor:
    """Four words, each two long; the loss wants all but the last, which does not occur, to shrink."""
    table = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0], [0.0, -2.0]], requires_grad=True)
    (table[:3] ** 2).sum().backward()  # type: ignore[no-untyped-call]
    return table


def test_words_are_moved_to_where_the_loss_is_higher_by_the_distance(table: Tensor) -> None:
    before = table.detach().clone()

    with moved_against(table, DISTANCE):
        moved = table.detach() - before

    assert moved.norm().item() == pytest.approx(DISTANCE)
    assert (moved * before)[:3].sum(dim=1).min() > 0, "away from what the loss wants"
    assert torch.equal(moved[3], torch.zeros(2)), "no text has this word"


def test_afterwards_the_table_is_what_it_was_whatever_happened(table: Tensor) -> None:
    table.data.mul_(1 / 3)  # thirds are not restored by subtracting what was added
    before = table.detach().clone()

    with pytest.raises(MemoryError), moved_against(table, DISTANCE):
        raise MemoryError

    assert torch.equal(table.detach(), before)


def test_gradients_are_recorded_at_the_moved_words(table: Tensor) -> None:
    first = table.grad.clone() if table.grad is not None else torch.zeros(0)

    with moved_against(table, DISTANCE):
        (table[:3] ** 2).sum().backward()  # type: ignore[no-untyped-call]

    assert table.grad is not None
    assert (table.grad - first)[:3].norm() > first.norm()


@pytest.mark.parametrize("gradient", [None, 0.0, torch.nan, torch.inf])
def test_without_a_direction_nothing_moves(table: Tensor, gradient: float | None) -> None:
    table.grad = None if gradient is None else torch.full_like(table, gradient)
    before = table.detach().clone()

    with moved_against(table, DISTANCE):
        assert torch.equal(table.detach(), before)
