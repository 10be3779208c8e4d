"""Resumable snapshots of a training run, as safetensors and JSON: nothing in them can be executed."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from services.training.fitting.batching import Batch

_KEPT = 2
_STATE = "state.json"
_TENSORS = "tensors.safetensors"
_MODEL = "model/"
_TUNING = "tuning/"
BEST = "best.safetensors"


@dataclass(slots=True)
class Progress:
    """Where a run stands.

    Attributes:
        epoch: The epoch under way, from 0.
        batch: Batches of it that are done.
        step: Optimizer steps done.
        tokens: Tokens trained on, special ones included.
        best_step: The step whose weights are kept (see ``judge``), or ``None`` before the first validation.
        best_score: Their score.
        best_scores: Their scores by name.
        top_score: The highest score so far.
        stale: Validations since ``best_step``.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    tokens: int = 0
    best_step: int | None = None
    best_score: float = float("-inf")
    best_scores: dict[str, float] = field(default_factory=dict)
    top_score: float = float("-inf")
    stale: int = 0

    def count(self, batch: Batch) -> None:
        """A step over a batch was taken."""
        self.step += 1
        self.batch += 1
        self.tokens += int(batch.mask.sum())

    def next_epoch(self) -> None:
        """An epoch is over."""
        self.epoch += 1
        self.batch = 0

    def judge(self, score: float, scores: dict[str, float], rows: int) -> bool:
        """Note a validation on so many rows; says whether its weights are the ones to keep.

        The latest weights are kept whose score is within a standard error of the highest (the one-standard-error rule,
        Breiman et al. 1984, *Classification and Regression Trees*): closer scores differ by chance, while the later weights
        saw more, at a lower rate.

        Args:
            score: 0..1, taken as a share of the rows.
            scores: What it is the mean of, by name.
            rows: Validation rows, at least one.
        """
        self.top_score = max(self.top_score, score)
        chance = math.sqrt(self.top_score * (1 - self.top_score) / rows)
        is_kept = score >= self.top_score - chance
        if is_kept:
            self.best_step, self.best_score, self.best_scores = self.step, score, scores
        self.stale = 0 if is_kept else self.stale + 1
        return is_kept


class CheckpointFolder:
    """The snapshots of one run: the newest two, and the best weights. Each appears whole or not at all.

    Args:
        path: Created when first written to.
        keeps_end: Whether the end of the run is a snapshot too, from which its model can be made again.
    """

    def __init__(self, path: Path, *, keeps_end: bool = False) -> None:
        self.path = path
        self.keeps_end = keeps_end

    def latest(self) -> Path | None:
        """The newest snapshot, or ``None``."""
        found = self._snapshots()
        return found[-1] if found else None

    def save(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        progress: Progress,
        tuning: Mapping[str, Tensor] = MappingProxyType({}),
    ) -> None:
        """Write a snapshot, with what the tuning needs besides the weights; then remove those that are no longer kept."""
        target = self.path / snapshot_name(progress.step)
        partial = self.path / f"{target.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        tensors = trained_weights(model) | _optimizer_tensors(optimizer) | _generator_states()
        tensors |= {f"{_TUNING}{name}": tensor.detach().cpu().contiguous() for name, tensor in tuning.items()}
        save_file(tensors, partial / _TENSORS)
        (partial / _STATE).write_text(json.dumps(asdict(progress)))
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        for old in self._snapshots()[:-_KEPT]:
            shutil.rmtree(old)

    def end(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress, tuning: Mapping[str, Tensor]
    ) -> None:
        """The run is over: if its end is to be kept, and is not yet, write it."""
        if self.keeps_end and not (self.path / snapshot_name(progress.step)).exists():
            self.save(model, optimizer, progress, tuning)

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
        """Bring a run to its newest snapshot, or leave it at its beginning if there is none.

        A snapshot of other weights, as another release may have trained them, is removed.
        """
        snapshot = self.latest()
        if snapshot is None:
            return Progress()
        tensors = load_file(snapshot / _TENSORS)
        if not _fits(tensors, model):
            shutil.rmtree(snapshot)
            return self.restore(model, optimizer)
        load_weights(model, tensors)
        _load_optimizer(optimizer, tensors)
        _set_generators(tensors)
        return Progress(**json.loads((snapshot / _STATE).read_text()))

    def tuning(self) -> dict[str, Tensor]:
        """What the tuning needs, of the newest snapshot."""
        snapshot = self.latest()
        if snapshot is None:
            return {}
        with safe_open(snapshot / _TENSORS, framework="pt") as tensors:
            ours = [name for name in tensors.keys() if name.startswith(_TUNING)]  # noqa: SIM118  # it is no mapping
            return {name.removeprefix(_TUNING): tensors.get_tensor(name) for name in ours}

    def save_best(self, model: nn.Module) -> None:
        """Keep the weights as the best so far."""
        self.path.mkdir(parents=True, exist_ok=True)
        partial = self.path / f"{BEST}.partial"
        save_file(trained_weights(model), partial)
        partial.rename(self.path / BEST)

    def restore_best(self, model: nn.Module) -> None:
        """Give the model the best weights back."""
        load_weights(model, load_file(self.path / BEST))

    def _snapshots(self) -> list[Path]:
        return sorted(path for path in self.path.glob("step-*") if path.suffix != ".partial")


def snapshot_name(step: int) -> str:
    """The folder of a snapshot; names sort as steps do."""
    return f"step-{step:08d}"


def trained_weights(model: nn.Module) -> dict[str, Tensor]:
    """Copies of the weights that training changes; the others come from the base model."""
    return {key: parameter.detach().cpu().contiguous() for key, parameter in _trained(model)}


@torch.no_grad()
def load_weights(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Undo ``trained_weights``."""
    for key, parameter in _trained(model):
        parameter.copy_(tensors[key])


def _fits(tensors: Mapping[str, Tensor], model: nn.Module) -> bool:
    stored = {key: tensor.shape for key, tensor in tensors.items() if key.startswith(_MODEL)}
    return stored == {key: parameter.shape for key, parameter in _trained(model)}


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The weights that training changes, under the names they are stored by."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            yield f"{_MODEL}{name}", parameter


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"optimizer/{index}/{name}": tensor.detach().cpu().contiguous()
        for index, moments in optimizer.state_dict()["state"].items()
        for name, tensor in moments.items()
    }


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        kind, _, rest = key.partition("/")
        if kind == "optimizer":
            index, _, name = rest.partition("/")
            state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _generator_states() -> dict[str, Tensor]:
    states = {"random/cpu": torch.get_rng_state()}
    return states | ({"random/cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {})


def _set_generators(tensors: Mapping[str, Tensor]) -> None:
    torch.set_rng_state(tensors["random/cpu"])
    if "random/cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random/cuda"])
