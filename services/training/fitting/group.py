"""Processes that train one model side by side, each on a device of its own: every step they share the rows of a batch and add up their gradients.

A loss is always of a part of a batch, divided by what is labelled in the whole (see ``Task.loss``), so that the sum of what the processes
find is the gradient that one process would have found: not a mean over processes, and as exact where they have unlike numbers of rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed

from services.training.fitting.batching import Batch

#: Numbers that are added up in one call.
_BUCKET = 16_000_000
#: How long the others wait for one: that one validates alone, and may be a long way behind in a busy machine.
_PATIENCE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Group:
    """One of the processes.

    Attributes:
        rank: From 0; the first one alone validates, writes and tells.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the first one."""
        return self.rank == 0

    def draw_for(self, step: int, seed: int) -> None:
        """Let each draw for its own rows, whatever it drew before: a run that goes on draws the same again."""
        if self.size > 1:
            torch.manual_seed((seed * 1_000_003 + step) * self.size + self.rank)

    def share(self, batch: Batch) -> Batch:
        """The rows of a batch that are this process's: of like numbers, and lengths."""
        return batch if self.size == 1 else batch.every(self.rank, self.size)

    def any(self, device: torch.device, *, found: bool) -> bool:
        """Whether something is so in one of the processes at least."""
        if self.size == 1:
            return found
        told = torch.tensor([float(found)], device=device)
        torch.distributed.all_reduce(told)
        return bool(told.item())

    def begin(self, weights: Sequence[torch.nn.Parameter]) -> None:
        """Before the gradients of a batch are added to those that are there, which all have: only the first one keeps them."""
        if not self.leads:
            for weight in weights:
                weight.grad = None

    def sum(self, loss: float, weights: Sequence[torch.nn.Parameter], device: torch.device) -> float:
        """Add up the losses and, in place, the gradients of all; a weight that no process has a gradient of keeps none."""
        if self.size == 1:
            return loss
        told = torch.tensor([loss, *(float(weight.grad is not None) for weight in weights)], device=device)
        torch.distributed.all_reduce(told)
        total, *there = told.tolist()
        present = [weight for weight, count in zip(weights, there, strict=True) if count]
        for bucket in _buckets(present):
            gradients = [torch.zeros_like(one) if one.grad is None else one.grad for one in bucket]
            flat = torch.cat([gradient.flatten() for gradient in gradients])
            torch.distributed.all_reduce(flat)
            parts = torch.split(flat, [weight.numel() for weight in bucket])
            for weight, part in zip(bucket, parts, strict=True):
                weight.grad = part.view_as(weight)
        return float(total)

    def same_weights(self, weights: Iterator[torch.nn.Parameter] | Sequence[torch.nn.Parameter]) -> None:
        """Give all the first one's weights."""
        if self.size > 1:
            for weight in weights:
                torch.distributed.broadcast(weight.detach(), src=0)

    def same_figures(self, figures: Mapping[str, float] | None, device: torch.device) -> dict[str, float]:
        """What the first one has found, in all."""
        if self.size == 1:
            return dict(figures or {})
        content = json.dumps(figures or {}).encode()
        length = torch.tensor([len(content)], device=device)
        torch.distributed.broadcast(length, src=0)
        told = torch.zeros(int(length.item()), dtype=torch.uint8, device=device)
        if self.leads:
            told.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
        torch.distributed.broadcast(told, src=0)
        found: dict[str, float] = json.loads(bytes(told.tolist()))
        return found


ALONE = Group()
"""One process, as most jobs have."""


@contextmanager
def together(rank: int, size: int, port: int) -> Iterator[Group]:
    """Meet the others, as long as the context is open: by NCCL on a GPU each, else by gloo.

    Args:
        rank: Which one this is.
        size: How many meet.
        port: Of this machine, where the first one listens.
    """
    has_gpus = torch.cuda.is_available()
    if has_gpus:
        torch.cuda.set_device(rank)
    torch.distributed.init_process_group(
        "nccl" if has_gpus else "gloo",
        init_method=f"tcp://127.0.0.1:{port}",
        rank=rank,
        world_size=size,
        timeout=_PATIENCE,
    )
    try:
        yield Group(rank, size)
    finally:
        torch.distributed.destroy_process_group()


def _buckets(weights: Sequence[torch.nn.Parameter]) -> Iterator[list[torch.nn.Parameter]]:
    """Weights of one type that are together as large as one call may be."""
    bucket: list[torch.nn.Parameter] = []
    held = 0
    for weight in weights:
        if bucket and (held + weight.numel() > _BUCKET or weight.dtype != bucket[0].dtype):
            yield bucket
            bucket, held = [], 0
        bucket.append(weight)
        held += weight.numel()
    if bucket:
        yield bucket
