"""Smaller, faster graphs, from the fastest kind to the most faithful; which of them is good enough is measured."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from services.training.exporting.activation_scales import fix_scales
from services.training.fitting.batching import Batch
from shared.artifacts.manifest import FP32_MODEL, INT4_MODEL, INT8_MODEL, encoder_beside

#: Weights per scale of the block-wise scheme.
_BLOCK = 32
#: onnxruntime's name for "multiply in int8".
_INT8_ACCURACY = 4


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to quantise.

    Attributes:
        name: Stands in the manifest.
        write: Makes the second file from the first.
        file: What the second is called.
        paired: Whether the graph that reads, beside the one that writes, is to be made smaller too.
    """

    name: str
    write: Callable[[Path, Path], None]
    file: str = INT8_MODEL
    paired: bool = False

    def files(self) -> Iterator[tuple[str, str]]:
        """Of each graph, the file it is made of and its own."""
        yield FP32_MODEL, self.file
        if self.paired:
            yield encoder_beside(FP32_MODEL), encoder_beside(self.file)


def _dynamic(source: Path, target: Path, *, kinds: list[str], exclude: list[str]) -> None:
    """Int8 weights and activations; a scale per channel, since one per tensor costs a quarter of the neighbours."""
    quantize_dynamic(
        onnx.load(source),
        target,
        op_types_to_quantize=kinds,
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=exclude,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _everything(source: Path, target: Path) -> None:
    _dynamic(source, target, kinds=["MatMul", "Gather"], exclude=[])


def _multiplications(source: Path, target: Path) -> None:
    _dynamic(source, target, kinds=["MatMul"], exclude=[])


def _all_but_late_outputs(source: Path, target: Path) -> None:
    """The second half of the feed-forward outputs stay fp32: their inputs have the widest range."""
    outputs = _feed_forward_outputs(onnx.load(source))
    _dynamic(source, target, kinds=["MatMul", "Gather"], exclude=outputs[len(outputs) // 2 :])


def _blockwise(source: Path, target: Path, *, bits: int = 8) -> None:
    quantizer = MatMulNBitsQuantizer(
        onnx.load(source), bits=bits, block_size=_BLOCK, is_symmetric=True, accuracy_level=_INT8_ACCURACY
    )
    quantizer.process()
    quantizer.model.save_model_to_file(str(target))


def _blockwise_int4(source: Path, target: Path) -> None:
    """Half the bytes of int8, which is what a decoder waits for: each token reads every weight."""
    _blockwise(source, target, bits=4)


def _feed_forward_outputs(model: onnx.ModelProto) -> list[str]:
    """Names of the multiplications that take the most columns, in the order they run."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    taken = {
        node.name: shapes[node.input[1]][0]
        for node in model.graph.node
        if node.op_type == "MatMul" and node.input[1] in shapes
    }
    most = max(taken.values(), default=0)
    return [name for name, columns in taken.items() if columns == most]


SCHEMES = (
    Scheme("int8-static", _everything),
    Scheme("int8-static-matmul", _multiplications),
    Scheme("int8-static-but-late-outputs", _all_but_late_outputs),
    Scheme("int8-blockwise", _blockwise),
)
"""Fastest first."""

WRITING_SCHEMES = (
    Scheme("int4-blockwise", _blockwise_int4, INT4_MODEL),
    Scheme("int8-blockwise", _blockwise),
)
"""Of decoders, fastest first."""

PAIRED_SCHEMES = tuple(replace(scheme, paired=True) for scheme in WRITING_SCHEMES)
"""Of encoder-decoders."""


def quantise(source: Path, target: Path, scheme: Scheme, texts: Sequence[Batch]) -> None:
    """Write ``target`` from the fp32 graph in ``source``, with activation scales that suit ``texts``, each a batch of its own; without any the scales stay dynamic."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # onnxruntime's tool advises a pre-processing that brings these graphs nothing
    try:
        scheme.write(source, target)
    finally:
        root.setLevel(level)
    if texts:
        fix_scales(target, texts)
