"""Several models in one graph, which answers with their mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from services.training.models.task_model import TaskModel


class LogitsEnsemble(nn.Module):
    """The mean of what some models say of a batch, output by output.

    Args:
        members: Merged models of one task with the same outputs; at least one.
    """

    def __init__(self, members: Sequence[TaskModel]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return next(self.parameters()).device

    def __getattr__(self, name: str) -> Any:
        """What a task's scores look up in a model besides its outputs: labels and the like are the same in all."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            first = next(next(self.children()).children())
            return getattr(first, name)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Read a batch; outputs under the names of the graph."""
        told = [member(input_ids, attention_mask, token_type_ids) for member in self.members]
        return {name: torch.stack([one[name].float() for one in told]).mean(dim=0) for name in told[0]}
