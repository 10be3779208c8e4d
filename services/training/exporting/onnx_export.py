"""A trained model as an ONNX graph, which is only accepted if it computes what the model computes."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from services.training.tasks.nlu.contexts import in_context
from services.training.tasks.nlu.examples import INPUTS, Batch, Example, TextEncoder, batches
from services.training.tasks.nlu.model import JointModel, JointOutput
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER
from shared.errors import BrokenArtifact, TrainingFailed
from shared.inference.session import OnnxSession

#: Largest difference between graph and model, of logits and of embedding components.
TOLERANCE = 1e-3

_OPSET = 17
_AXES = dict.fromkeys((*INPUTS, "tags"), ("batch", "seq"))


def export(model: JointModel, encoder: TextEncoder, folder: Path, held_out: Sequence[Example]) -> float:
    """Write ``model.onnx`` and ``tokenizer.json``.

    The exporter by tracing makes the graph that onnxruntime runs best; if that graph is wrong or cannot be made, the
    newer one by ``torch.export`` is tried.

    Args:
        model: A merged model; it is moved to the CPU.
        encoder: Its tokenizer.
        folder: An existing directory.
        held_out: Examples to compare graph and model on; at least one.

    Returns:
        The largest difference found.

    Raises:
        TrainingFailed: No graph agrees with the model.
    """
    encoder.save(folder / TOKENIZER)
    named = NamedOutputs(model.cpu().float()).eval()
    probes = list(_probes(held_out))
    reasons = []
    for exporter in (_by_tracing, _by_torch_export):
        path = folder / FP32_MODEL
        try:
            with _quietly():
                exporter(named, _sample(held_out), path)
            difference = parity(named, path, probes)
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
    """The model as a graph has it: a plain tuple of the outputs that are there, and their names beside it."""

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.model = model
        heads = {"intent": model.intent, "tags": model.tags, "sentiment": model.sentiment}
        self.names = [name for name in JointOutput._fields if heads.get(name, model) is not None]

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, ...]:
        """The outputs in the order of ``names``."""
        output = self.model(input_ids, attention_mask, token_type_ids)
        return tuple(getattr(output, name) for name in self.names)


def parity(named: NamedOutputs, path: Path, probes: Sequence[Batch]) -> float:
    """Largest absolute difference between the graph at ``path`` and the model, over real tokens; ``inf`` for NaN.

    Raises:
        BrokenArtifact: onnxruntime cannot load the graph.
    """
    session = OnnxSession.open(path)
    worst = 0.0
    for batch in probes:
        predicted = session.run(*(tensor.numpy() for tensor in batch.read()))
        with torch.no_grad():
            wanted = named(*batch.read())
        real = batch.attention_mask.numpy() == 1
        for name, tensor in zip(named.names, wanted, strict=True):
            gap = np.abs(predicted[name] - tensor.numpy())
            worst = max(worst, float(np.nan_to_num(gap[real] if name == "tags" else gap, nan=np.inf).max()))
    session.close()
    return worst


def _probes(held_out: Sequence[Example]) -> Iterator[Batch]:
    """Every shape that serving makes: one text, several of one length, several padded; short and long."""
    by_length = sorted(held_out, key=len)
    shortest, longest = by_length[0], by_length[-1]
    for chosen in (
        [shortest],
        [longest],
        [longest] * 3,
        [shortest, longest],
        [in_context(shortest, longest.ids), longest],
        by_length[:: max(1, len(by_length) // 16)],
    ):
        yield _batch(chosen)


def _sample(held_out: Sequence[Example]) -> Batch:
    """Two rows of unlike length, so that tracing takes neither dimension for a constant 1 nor padding for absent."""
    by_length = sorted(held_out, key=len)
    return _batch([by_length[0], in_context(by_length[-1], by_length[0].ids)])


def _batch(examples: Sequence[Example]) -> Batch:
    return next(batches(examples, len(examples)))


def _by_tracing(named: NamedOutputs, sample: Batch, path: Path) -> None:
    names = [*INPUTS, *named.names]
    torch.onnx.export(
        named,
        sample.read(),
        str(path),
        dynamo=False,
        opset_version=_OPSET,
        input_names=list(INPUTS),
        output_names=named.names,
        dynamic_axes={name: dict(enumerate(_AXES.get(name, ("batch",)))) for name in names},
    )


def _by_torch_export(named: NamedOutputs, sample: Batch, path: Path) -> None:
    shape = {0: torch.export.Dim("batch"), 1: torch.export.Dim("seq")}
    torch.onnx.export(
        named,
        sample.read(),
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
