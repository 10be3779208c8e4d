from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from services.training.fitting.batching import IGNORED
from services.training.fitting.choice_loss import ChoiceLoss

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0], [-1.0, 3.0, 0.0], [9.0, 9.0, 9.0]])
COLUMNS = torch.tensor([0, 2, 1, IGNORED])
MARKS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]])


def test_without_options_it_is_cross_entropy() -> None:
    smoothed = cross_entropy(LOGITS, COLUMNS, ignore_index=IGNORED, label_smoothing=0.1, reduction="sum")
    assert torch.equal(ChoiceLoss().one_of("intent", LOGITS, COLUMNS, 0.1), smoothed)
    several = binary_cross_entropy_with_logits(LOGITS, MARKS, reduction="sum")
    assert torch.equal(ChoiceLoss().any_of("labels", LOGITS, MARKS), several)


def test_rows_count_by_the_weight_of_their_label_in_the_head_that_is_named() -> None:
    charge = ChoiceLoss({"intent": (1.0, 10.0, 0.5)})
    each = cross_entropy(LOGITS[:3], COLUMNS[:3], reduction="none")
    wanted = each[0] + 0.5 * each[1] + 10 * each[2]
    assert charge.one_of("intent", LOGITS, COLUMNS).item() == pytest.approx(wanted.item())
    assert torch.equal(charge.one_of("sentiment", LOGITS, COLUMNS), ChoiceLoss().one_of("sentiment", LOGITS, COLUMNS))


def test_of_several_labels_those_that_a_text_has_are_weighed() -> None:
    one, two = (torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 0.0]]))
    charge = ChoiceLoss({"labels": (3.0, 3.0)})
    assert charge.any_of("labels", two, one).item() == pytest.approx(4 * math.log(2))
    assert charge.any_of("labels", two, two).item() == pytest.approx(2 * math.log(2))


def test_what_is_told_surely_and_rightly_counts_less() -> None:
    charge = ChoiceLoss(gamma=2.0)
    plain = cross_entropy(LOGITS[:3], COLUMNS[:3], reduction="none")
    wanted = ((1 - (-plain).exp()) ** 2 * plain).sum()
    assert charge.one_of("intent", LOGITS, COLUMNS).item() == pytest.approx(wanted.item())
    assert charge.any_of("labels", torch.zeros(1, 1), torch.ones(1, 1)).item() == pytest.approx(math.log(2) / 4)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_certainty_leaves_a_gradient_that_is_a_number(gamma: float) -> None:
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    charge = ChoiceLoss(gamma=gamma)
    total = charge.one_of("intent", logits, torch.tensor([0])) + charge.any_of(
        "labels", logits, torch.tensor([[1.0, 0.0]])
    )
    total.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_nothing_labelled_costs_nothing() -> None:
    nothing = torch.full((4,), IGNORED)
    assert ChoiceLoss({"intent": (2.0, 2.0, 2.0)}, 2.0).one_of("intent", LOGITS, nothing).item() == 0
