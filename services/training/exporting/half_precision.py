"""The graphs that GPUs serve, in half precision: half the bytes, and the units that multiply them; kept only if they compute the same."""

from __future__ import annotations

import dataclasses
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx

from services.training.exporting.cached_graph import CachedGraph
from services.training.exporting.onnx_export import read
from services.training.exporting.selection import MAX_LOSS, ExportedVariant, Variants
from services.training.fitting.batching import together
from services.training.reporting.figures import points_lost
from services.training.tasks.task import Setting, Task
from shared.artifacts.manifest import FP16_MODEL, FP32_MODEL, DecoderShape, EncoderDecoderShape, encoder_beside
from shared.decoding.encoder_decoder import EncoderDecoder
from shared.errors import BrokenArtifact
from shared.inference.session import FloatArray, OnnxSession

#: Largest difference between the two graphs, as a share of the largest output: half precision has 11 bits.
TOLERANCE = 0.02
#: Tokens of the texts that graphs which write are compared on, and how many texts.
_READ, _TEXTS = 48, 4
#: What is computed in fp32 at the second try: sums of many squares and of exponents, which leave the range or lose their last bits.
_DELICATE = (
    "LayerNormalization",
    "SimplifiedLayerNormalization",
    "SkipSimplifiedLayerNormalization",
    "Pow",
    "ReduceMean",
    "Sqrt",
    "Softmax",
    "Erf",
)


@dataclass(frozen=True, slots=True)
class Half:
    """What came of it.

    Attributes:
        difference: The largest one between its outputs and those of the fp32 graph, as a share of the largest.
        reason: Why it is not kept, else empty.
    """

    difference: float
    reason: str = ""

    @property
    def kept(self) -> bool:
        """Whether the graph computes the same."""
        return not self.reason


def halve(
    folder: Path,
    shape: DecoderShape | EncoderDecoderShape | None,
    task: Task[Any, Any, Any, Any],
    examples: Sequence[Any],
) -> Half:
    """Write ``model.fp16.onnx`` beside the fp32 graph, and for an encoder-decoder ``encoder.fp16.onnx``, if they are as good.

    Inputs and outputs of encoders stay fp32; keys and values of models that write are in half precision, which is what a GPU waits for.

    Args:
        folder: Holds the graphs.
        shape: Of a model that writes.
        task: Says how examples are put together.
        examples: Held-out ones.
    """
    files = [FP32_MODEL] + ([encoder_beside(FP32_MODEL)] if isinstance(shape, EncoderDecoderShape) else [])
    found = Half(float("inf"), "it cannot be made")
    for delicate in ((), _DELICATE):
        try:
            for file in files:
                _write(folder / file, folder / _halved(file), shape is not None, delicate)
            apart = _apart(folder, shape, task, examples)
        except (BrokenArtifact, ValueError, RuntimeError, KeyError, TypeError) as error:
            found = Half(float("inf"), str(error).partition("\n")[0] or "it cannot be made")
            continue
        if apart <= TOLERANCE:
            return Half(apart)
        found = Half(apart, f"its outputs differ by {apart:.1%} of the largest, more than {TOLERANCE:.0%}")
    _drop(folder)
    return found


class ForGpus(NamedTuple):
    """What GPUs serve.

    Attributes:
        manifest: What the manifest says of it.
        words: For the owner of the job.
        kept: Whether it is in half precision.
    """

    manifest: Mapping[str, Any]
    words: str
    kept: bool


def for_gpus(
    setting: Setting,
    task: Task[Any, Any, Any, Any],
    variants: Variants,
    chosen: ExportedVariant,
    examples: Sequence[Any],
) -> ForGpus:
    """Try half precision: its outputs beside those of the fp32 graph, and its scores on the validation rows beside those of what CPUs serve.

    Args:
        setting: The graphs of a model.
        task: Its task.
        variants: Tries graphs out.
        chosen: What CPUs serve.
        examples: Held-out ones.
    """
    found = halve(setting.folder, setting.draft.decoder, task, examples)
    if not found.kept:
        return ForGpus({}, f"GPUs serve fp32, since half precision was tried and {found.reason}.", kept=False)
    half = dataclasses.replace(chosen, file=FP16_MODEL, scheme=None)
    lost = points_lost(chosen.validation, variants.evaluate(half, setting.parts.validation), task.quality)
    if lost > MAX_LOSS:
        _drop(setting.folder)
        return ForGpus({}, f"GPUs serve fp32, since half precision loses {lost:.2f} points.", kept=False)
    parity = setting.draft.parity.model_copy(update={"fp16_difference": found.difference, "fp16_loss": lost})
    words = f"GPUs serve fp16: it differs by at most {found.difference:.2%} of the largest output, at a loss of {max(lost, 0.0):.2f} points."
    return ForGpus({"gpu_file": FP16_MODEL, "parity": parity}, words, kept=True)


def _drop(folder: Path) -> None:
    for file in (FP16_MODEL, encoder_beside(FP16_MODEL)):
        (folder / file).unlink(missing_ok=True)


def _halved(file: str) -> str:
    return file.replace(".onnx", ".fp16.onnx")


def _write(source: Path, target: Path, writes: bool, delicate: Sequence[str]) -> None:
    from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):  # of what is too small or too large; what it does is measured
            model = convert_float_to_float16(
                onnx.load(source),
                keep_io_types=["logits"] if writes else True,
                op_block_list=[*DEFAULT_OP_BLOCK_LIST, *delicate],
            )
    finally:
        root.setLevel(level)
    onnx.save(model, target)


def _apart(
    folder: Path,
    shape: DecoderShape | EncoderDecoderShape | None,
    task: Task[Any, Any, Any, Any],
    examples: Sequence[Any],
) -> float:
    exact, half = folder / FP32_MODEL, folder / FP16_MODEL
    texts = [list(one.tokens[:_READ]) for one in sorted(examples, key=len)[:: max(1, len(examples) // _TEXTS)]]
    if shape is None:
        return _encoders_apart(exact, half, task, examples)
    reads: Callable[[Path], list[FloatArray]]
    if isinstance(shape, DecoderShape):
        reads = lambda path: _decoded(path, shape, texts)  # noqa: E731
    else:
        reads = lambda path: _rewritten(path, shape, texts)  # noqa: E731
    return max(_share(one, other) for one, other in zip(reads(exact), reads(half), strict=True))


def _encoders_apart(exact: Path, half: Path, task: Task[Any, Any, Any, Any], examples: Sequence[Any]) -> float:
    worst = 0.0
    with closing(OnnxSession.open(exact)) as one, closing(OnnxSession.open(half)) as other:
        for chosen in task.probes(examples):
            batch = together(chosen, task.collate)
            inputs = [tensor.numpy() for tensor in read(batch)]
            wanted, found = one.run(*inputs), other.run(*inputs)
            real = batch.mask.numpy() == 1
            for name, values in wanted.items():
                pair = (values, found[name])
                worst = max(worst, _share(*(array[real] if name in task.token_outputs else array for array in pair)))
    return worst


def _decoded(path: Path, shape: DecoderShape, texts: Sequence[Sequence[int]]) -> list[FloatArray]:
    """The logits of each text, its second half read upon the keys and values of the first."""
    found = []
    with CachedGraph(path, shape) as graph:
        for text in texts:
            middle = max(1, len(text) // 2)
            first, cache = graph.read(text[:middle], graph.empty())
            parts = [first] + ([graph.read(text[middle:], cache)[0]] if text[middle:] else [])
            found.append(np.concatenate(parts))
    return found


def _rewritten(path: Path, shape: EncoderDecoderShape, texts: Sequence[Sequence[int]]) -> list[FloatArray]:
    with closing(EncoderDecoder.open(path, shape)) as graphs:
        return graphs.read(texts, [[*shape.begin, *text[: _READ // 3]] for text in texts])


def _share(wanted: FloatArray, found: FloatArray) -> float:
    gap = np.nan_to_num(np.abs(found.astype(np.float32) - wanted), nan=np.inf)
    return float(gap.max() / max(float(np.abs(wanted).max()), 1e-6))
