"""A small module as an ONNX graph, which is only accepted if it computes what the module computes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from shared.errors import TrainingFailed
from shared.inference.session import OpenGraph, open_session

#: Largest difference between graph and module.
TOLERANCE = 1e-3

_OPSET = 17


def export_small(
    module: nn.Module, path: Path, name: str, output: str, axes: Mapping[int, str], probes: Sequence[Tensor]
) -> float:
    """Write the graph of a module with one input and one output.

    Args:
        module: In evaluation mode.
        path: Of the graph.
        name: Of its input.
        output: Of its output.
        axes: The dimensions of the input that vary, with their names.
        probes: Inputs on which both have to agree; the last one is traced.

    Returns:
        The largest difference found.

    Raises:
        TrainingFailed: They do not agree.
    """
    with warnings.catch_warnings(action="ignore"):  # the exporter's own of its inner workings
        torch.onnx.export(
            module,
            (probes[-1],),
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=[name],
            output_names=[output],
            dynamic_axes={name: dict(axes), output: {0: "rows"}},
        )
    graph = OpenGraph(open_session(path))
    worst = 0.0
    for probe in probes:
        with torch.no_grad():
            wanted = module(probe).numpy()
        gap = np.abs(graph.run([output], {name: probe.numpy()})[0] - wanted)
        worst = max(worst, float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0)))
    graph.close()
    if worst > TOLERANCE:
        raise TrainingFailed(
            f"The graph {path.name} differs from its model by {worst:.2g}, more than {TOLERANCE:g}.",
            code="export_failed",
        )
    return worst
