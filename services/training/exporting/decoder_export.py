"""A trained decoder as a graph that keeps keys and values, which is only accepted if it writes what the model writes."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn
from transformers import AutoConfig, PreTrainedModel

from services.training.exporting.cached_graph import Cache, CachedGraph
from services.training.exporting.decoder_trace import trace
from services.training.exporting.lora_graph import take_updates, updates_of
from services.training.exporting.onnx_export import TOLERANCE
from services.training.models.decoder import load_decoder
from services.training.models.decoder_model import DecoderModel
from shared.artifacts.manifest import CHAT_TEMPLATE, FP32_MODEL, LORA, DecoderShape
from shared.decoding.lora import write_lora
from shared.errors import BrokenArtifact, TrainingFailed

#: Tokens that graph and model have to write alike after each prompt.
WRITTEN = 16
#: Prompts that are tried.
PROMPTS = 3
#: A graph beyond it cannot be one file: protobuf's limit is 2 GB.
_ONE_FILE = 1_800_000_000

#: Classes of onnxruntime-genai's builder, by the name of the architecture; others are traced.
_BUILDERS: Mapping[str, str] = {
    "LlamaForCausalLM": "LlamaModel",
    "MistralForCausalLM": "MistralModel",
    "Qwen2ForCausalLM": "QwenModel",
    "Qwen3ForCausalLM": "Qwen3Model",
}


def is_built(model: PreTrainedModel) -> bool:
    """Whether the builder knows the architecture: its attention then works on a shared buffer."""
    return type(model).__name__ in _BUILDERS


def export_decoder(model: DecoderModel, folder: Path, prompts: Sequence[Sequence[int]]) -> tuple[DecoderShape, float]:
    """Write ``model.onnx`` and ``chat_template.jinja``.

    Args:
        model: A merged model; it is moved to the CPU.
        folder: An existing directory.
        prompts: Texts to compare graph and model on; at least one, of a token or more.

    Returns:
        What serving has to know of the graph, and the largest difference found.

    Raises:
        TrainingFailed: No graph agrees with the model.
    """
    causal: Any = model.cpu().float().eval().encoder
    shape = model.shape.model_copy(update={"shared_buffer": is_built(causal)})
    path = folder / FP32_MODEL
    try:
        if model.updates:
            _build_apart(model, path)
        elif shape.shared_buffer:
            _build(causal, path)
        else:
            trace(causal, shape, path)
        difference = parity(causal, path, shape, prompts)
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, OSError, BrokenArtifact) as error:
        raise export_failed(str(error).partition("\n")[0]) from error
    if not difference <= TOLERANCE:
        raise export_failed(f"its logits differ by {difference:.2g}, more than {TOLERANCE:g}")
    (folder / CHAT_TEMPLATE).write_text(model.wording.template.source, encoding="utf-8")
    return shape, difference


def _build_apart(model: DecoderModel, path: Path) -> None:
    """The graph of the base model, the same for every model that is tuned from it, and beside it what this one adds."""
    base = load_decoder(model.base)
    if not is_built(base):
        raise ValueError(f"updates are not kept apart from a {base.config.model_type}; leave tuning.apart out")
    _build(base, path)
    take_updates(path)
    sizes = {name: int(layer.out_features) for name, layer in base.named_modules() if isinstance(layer, nn.Linear)}
    write_lora(path.parent / LORA, updates_of(path, model.updates, sizes))


def export_failed(reason: str) -> TrainingFailed:
    """What the owner of a job is told."""
    return TrainingFailed(
        f"The model cannot be exported to ONNX: {reason}. Choose another base model.",
        param="model",
        code="export_failed",
    )


def _build(causal: PreTrainedModel, path: Path) -> None:
    """By onnxruntime-genai's builder: GroupQueryAttention, whose past and present may be one memory."""
    import onnx_ir
    import onnxruntime_genai.models  # noqa: F401  # puts its parts where they find each other
    from onnxruntime_genai.models import builders

    with tempfile.TemporaryDirectory(dir=path.parent.parent) as room, _quietly():
        source, target = Path(room) / "source", Path(room) / "target"
        causal.save_pretrained(source)
        target.mkdir()
        config = AutoConfig.from_pretrained(source, local_files_only=True, trust_remote_code=False)
        config._name_or_path = str(source)  # where the builder looks for more
        kind: Callable[..., Any] = getattr(builders, _BUILDERS[type(causal).__name__])
        built = kind(config, onnx_ir.DataType.FLOAT, onnx_ir.DataType.FLOAT, "cpu", str(Path(room) / "cache"), {})
        built.make_model(str(source))
        built.save_model(str(target))
        save(onnx.load(target / FP32_MODEL), path)


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write a graph, with its weights beside it where they are too many for one file."""
    if sum(len(tensor.raw_data) for tensor in model.graph.initializer) < _ONE_FILE:
        onnx.save(model, path)
    else:
        onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.data", size_threshold=1024)


@contextlib.contextmanager
def _quietly() -> Any:
    """The builder tells of every layer on standard output and error."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@torch.no_grad()
def parity(causal: PreTrainedModel, path: Path, shape: DecoderShape, prompts: Sequence[Sequence[int]]) -> float:
    """Largest difference of logits between graph and model: read at once, and in steps upon a cache; ``inf`` if they write otherwise.

    Raises:
        BrokenArtifact: The graph cannot be loaded.
    """
    worst = 0.0
    tried = sorted(prompts, key=len)
    step = max(1, len(tried) // PROMPTS)
    with CachedGraph(path, shape) as decoder:
        for prompt in [*tried[::step][: PROMPTS - 1], tried[-1]]:
            text = _written(causal, list(prompt)[-(shape.context - 1) :], shape)
            wanted = causal(input_ids=torch.tensor([text])).logits[0].numpy()
            for cuts in (
                [len(text)],
                [len(text) // 2, 1, len(text) - len(text) // 2 - 1],
                _as_served(len(prompt), len(text)),
            ):
                found = np.concatenate(_in_steps(decoder, text, [cut for cut in cuts if cut > 0]))
                worst = max(worst, float(np.nan_to_num(np.abs(found - wanted), nan=np.inf).max()))
            if not _same(text, len(prompt), found, wanted):
                return float("inf")
    return worst


def _as_served(prompt: int, text: int) -> list[int]:
    """The prompt at once, then token by token."""
    return [min(prompt, text), *[1] * (text - prompt)]


def _in_steps(decoder: CachedGraph, text: Sequence[int], cuts: Sequence[int]) -> list[np.ndarray]:
    cache: Cache = decoder.empty()
    found, begin = [], 0
    for cut in cuts:
        logits, cache = decoder.read(text[begin : begin + cut], cache)
        found.append(logits)
        begin += cut
    return found


def _written(causal: Any, prompt: list[int], shape: DecoderShape) -> list[int]:
    """The prompt, and what the model writes behind it by its likeliest words."""
    text = list(prompt)
    for _ in range(min(WRITTEN, shape.context - len(prompt))):
        text.append(int(causal(input_ids=torch.tensor([text])).logits[0, -1].argmax()))
    return text


def _same(text: Sequence[int], begin: int, found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether the graph would have written the same; two words that are equally likely may change places."""
    for place in range(begin - 1, len(text) - 1):
        best, theirs = text[place + 1], int(found[place].argmax())
        if best != theirs and wanted[place, best] - wanted[place, theirs] > TOLERANCE:
            return False
    return True
