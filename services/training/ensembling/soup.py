"""The mean of weights: a "greedy soup" (Wortsman et al. 2022, arXiv:2203.05482, recipe 1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Member:
    """A trained model.

    Attributes:
        weights: The file that keeps them.
        score: On the validation rows.
    """

    weights: Path
    score: float


def keep(model: nn.Module, file: Path) -> Path:
    """Write all weights of a model, on the CPU."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: one.detach().cpu().clone().contiguous() for name, one in model.state_dict().items()}, file)
    return file


def greedy_soup(model: nn.Module, members: Sequence[Member], score: Callable[[], float]) -> list[int]:
    """Give a model the mean of the weights of some members: the best first, then each with which the score does not fall.

    Args:
        model: Of the members' structure, in place on its device.
        members: At least one.
        score: Of the model as it is, on the validation rows.

    Returns:
        The places of those that are in it.
    """
    order = sorted(range(len(members)), key=lambda place: -members[place].score)
    kept = [order[0]]
    total = load_file(members[order[0]].weights)
    _load(model, total, 1)
    best = score()
    for place in order[1:]:
        more = {name: total[name] + one for name, one in load_file(members[place].weights).items()}
        _load(model, more, len(kept) + 1)
        if (found := score()) >= best:
            kept, total, best = [*kept, place], more, found
    _load(model, total, len(kept))
    return sorted(kept)


@torch.no_grad()
def _load(model: nn.Module, total: dict[str, Tensor], count: int) -> None:
    """Whole numbers (positions of tokens, say) are the same in all, and stay so."""
    own = model.state_dict()
    model.load_state_dict(
        {name: (one / count if one.is_floating_point() else own[name]) for name, one in total.items()}
    )
