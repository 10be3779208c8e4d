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

from services.training.fitting.batching import Batch

#: Share of the texts whose extremes lie within the range; the last few would stretch it for all others.
COVERED = 0.98
#: So many texts, evenly chosen, show the ranges.
ENOUGH_TEXTS = 200

_LEVELS = 255
_Range = tuple[float, float]


def fix_scales(path: Path, texts: Sequence[Batch]) -> None:
    """Give the dynamically quantised graph in ``path`` the activation scales of some texts; a graph without any stays.

    Args:
        path: The ONNX file, written again.
        texts: Like those that will be read, each a batch of its own: at least one, and ``ENOUGH_TEXTS`` are enough.
    """
    model = onnx.load(path)
    dynamic = [node for node in model.graph.node if node.op_type == "DynamicQuantizeLinear"]
    if not dynamic:
        return
    ranges = _ranges(model, [node.input[0] for node in dynamic], texts)
    for node in dynamic:
        _fix(model, node, ranges[node.input[0]])
    onnx.save(model, path)


def _ranges(model: onnx.ModelProto, tensors: Sequence[str], texts: Sequence[Batch]) -> dict[str, _Range]:
    """Within which each tensor stays for most texts; zero is always in, so that it is represented exactly."""
    names = list(dict.fromkeys(tensors))
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    del watched.graph.output[:]
    watched.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    extremes = np.array([_extremes(session, text) for text in texts])
    lowest = np.minimum(np.quantile(extremes[:, :, 0], 1 - COVERED, axis=0), 0.0)
    highest = np.maximum(np.quantile(extremes[:, :, 1], COVERED, axis=0), 0.0)
    return {name: (float(low), float(high)) for name, low, high in zip(names, lowest, highest, strict=True)}


def _extremes(session: onnxruntime.InferenceSession, text: Batch) -> NDArray[np.float64]:
    """Smallest and largest value of each watched tensor, [n, 2]."""
    outputs = session.run(None, {tensor.name: text.inputs[tensor.name].numpy() for tensor in session.get_inputs()})
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
