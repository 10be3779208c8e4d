"""A trained model as an ONNX graph, which is only accepted if it computes what the model computes."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.training.fitting.batching import INPUTS, Batch, together
from services.training.tasks.task import Task
from shared.artifacts.manifest import FP32_MODEL
from shared.errors import BrokenArtifact, TrainingFailed
from shared.inference.session import OnnxSession

#: Largest difference between graph and model, of logits and of embedding components.
TOLERANCE = 1e-3

_OPSET = 17


def export(model: nn.Module, task: Task[Any, Any, Any, Any], folder: Path, held_out: Sequence[Any]) -> float:
    """Write ``model.onnx``.

    The exporter by tracing makes the graph that onnxruntime runs best; if that graph is wrong or cannot be made, the
    newer one by ``torch.export`` is tried.

    Args:
        model: A merged model; it is moved to the CPU.
        task: Says which outputs have a value for each token, and what to try.
        folder: An existing directory.
        held_out: Examples to compare graph and model on; at least one.

    Returns:
        The largest difference found.

    Raises:
        TrainingFailed: No graph agrees with the model.
    """
    sample = together(task.sample(held_out), task.collate)
    named = NamedOutputs(model.cpu().float().eval(), sample).eval()
    probes = [together(chosen, task.collate) for chosen in task.probes(held_out)]
    axes = dict.fromkeys((*INPUTS, *task.token_outputs), ("batch", "seq"))
    reasons = []
    for exporter in (_by_tracing, _by_torch_export):
        path = folder / FP32_MODEL
        try:
            with _quietly():
                exporter(named, sample, axes, path)
            difference = parity(named, path, probes, task.token_outputs)
        except (RuntimeError, ValueError, TypeError, torch.onnx.errors.OnnxExporterError, BrokenArtifact) as error:
            reasons.append(str(error).partition("\n")[0])
            continue
        if difference <= TOLERANCE:
            return difference
        reasons.append(f"outputs differ by {difference:.2g}, more than {TOLERANCE:g}")
    raise TrainingFailed(
        f"The model cannot be exported to ONNX: {'; '.join(reasons)}. Choose another base model.",
        param="model",
        code="export_failed",
    )


class NamedOutputs(nn.Module):
    """The model as a graph has it: a plain tuple of its outputs, and their names beside it.

    Args:
        model: Merged, on the CPU, in evaluation mode.
        sample: A batch that shows which outputs there are.
    """

    def __init__(self, model: nn.Module, sample: Batch) -> None:
        super().__init__()
        self.model = model
        with torch.no_grad():
            self.names = list(model(*read(sample)))

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The outputs in the order of ``names``; inputs in that of ``INPUTS``."""
        outputs = self.model(*inputs)
        return tuple(outputs[name] for name in self.names)


def parity(named: NamedOutputs, path: Path, probes: Sequence[Batch], token_outputs: Set[str]) -> float:
    """Largest absolute difference between the graph at ``path`` and the model, over real tokens; ``inf`` for NaN.

    Raises:
        BrokenArtifact: onnxruntime cannot load the graph.
    """
    session = OnnxSession.open(path)
    worst = 0.0
    for batch in probes:
        inputs = read(batch)
        found = session.run(*(tensor.numpy() for tensor in inputs))
        with torch.no_grad():
            wanted = named(*inputs)
        real = batch.mask.numpy() == 1
        for name, tensor in zip(named.names, wanted, strict=True):
            gap = np.abs(found[name] - tensor.numpy())
            worst = max(worst, float(np.nan_to_num(gap[real] if name in token_outputs else gap, nan=np.inf).max()))
    session.close()
    return worst


def read(batch: Batch) -> tuple[Tensor, ...]:
    """What a graph reads of a batch, in the order of its inputs."""
    return tuple(batch.inputs[name] for name in INPUTS)


def _by_tracing(named: NamedOutputs, sample: Batch, axes: Mapping[str, Sequence[str]], path: Path) -> None:
    names = [*INPUTS, *named.names]
    torch.onnx.export(
        named,
        read(sample),
        str(path),
        dynamo=False,
        opset_version=_OPSET,
        input_names=list(INPUTS),
        output_names=named.names,
        dynamic_axes={name: dict(enumerate(axes.get(name, ("batch",)))) for name in names},
    )


def _by_torch_export(named: NamedOutputs, sample: Batch, axes: Mapping[str, Sequence[str]], path: Path) -> None:
    del axes  # it finds them out by itself
    shape = {0: torch.export.Dim("batch"), 1: torch.export.Dim("seq")}
    torch.onnx.export(
        named,
        read(sample),
        str(path),
        dynamo=True,
        input_names=list(INPUTS),
        output_names=named.names,
        dynamic_shapes=dict.fromkeys(INPUTS, shape),
        external_data=False,
        verbose=False,
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """Both exporters warn of their own inner workings; what counts is the parity of what they make."""
    exporter_log = logging.getLogger("torch.onnx")
    level = exporter_log.level
    exporter_log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        exporter_log.setLevel(level)
