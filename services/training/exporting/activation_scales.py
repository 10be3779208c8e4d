"""Fixed scales for a dynamically quantised graph: a text is then read the same beside any other texts.

A dynamic graph scales the activations of a run by the largest among all texts in it, so that a text is read a little
differently beside others, or alone at twice the time. Here the ranges are those of training texts, each run alone, and what
lies outside is clipped (static quantisation, Jacob et al. 2018, arXiv:1712.05877).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from services.training.tasks.nlu.examples import INPUTS, Example, batches

#: Share of the texts whose extremes lie within the range; the last few would stretch it for all others.
COVERED = 0.98
#: So many texts, evenly chosen, show the ranges.
ENOUGH_TEXTS = 200

_LEVELS = 255
_Range = tuple[float, float]


def fix_scales(path: Path, examples: Sequence[Example]) -> None:
    """Give the dynamically quantised graph in ``path`` the activation scales of ``examples``; a graph without any stays.

    Args:
        path: The ONNX file, written again.
        examples: Texts like those that will be read: at least one, and ``ENOUGH_TEXTS`` are enough.
    """
    model = onnx.load(path)
    dynamic = [node for node in model.graph.node if node.op_type == "DynamicQuantizeLinear"]
    if not dynamic:
        return
    ranges = _ranges(model, [node.input[0] for node in dynamic], examples)
    for node in dynamic:
        _fix(model, node, ranges[node.input[0]])
    onnx.save(model, path)


def _ranges(model: onnx.ModelProto, tensors: Sequence[str], examples: Sequence[Example]) -> dict[str, _Range]:
    """Within which each tensor stays for most texts; zero is always in, so that it is represented exactly."""
    names = list(dict.fromkeys(tensors))
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    del watched.graph.output[:]
    watched.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    extremes = np.array([_extremes(session, example) for example in examples])
    lowest = np.minimum(np.quantile(extremes[:, :, 0], 1 - COVERED, axis=0), 0.0)
    highest = np.maximum(np.quantile(extremes[:, :, 1], COVERED, axis=0), 0.0)
    return {name: (float(low), float(high)) for name, low, high in zip(names, lowest, highest, strict=True)}


def _extremes(session: onnxruntime.InferenceSession, example: Example) -> NDArray[np.float64]:
    """Smallest and largest value of each watched tensor, [n, 2]."""
    (batch,) = batches([example], 1)
    feeds = dict(zip(INPUTS, (tensor.numpy() for tensor in batch.read()), strict=True))
    outputs = session.run(None, {tensor.name: feeds[tensor.name] for tensor in session.get_inputs()})
    return np.array([(values.min(), values.max()) for values in outputs])


def _fix(model: onnx.ModelProto, node: NodeProto, within: _Range) -> None:
    """Make a node that looks for scale and zero point one that is given them, under the names that others read."""
    low, high = within
    step = (high - low) / _LEVELS or 1.0
    source, (quantised, scale, zero_point) = node.input[0], node.output
    model.graph.initializer.append(numpy_helper.from_array(np.array(step, np.float32), scale))
    model.graph.initializer.append(numpy_helper.from_array(np.array(round(-low / step), np.uint8), zero_point))
    node.op_type = "QuantizeLinear"
    node.input[:] = [source, scale, zero_point]
    node.output[:] = [quantised]
