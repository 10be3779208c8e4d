"""The encoder in a directory: loaded without anything that could run, looked into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.utils import logging as transformers_logging

from services.training.models.pruned_heads import FIELD, shape_like
from shared.errors import TrainingFailed

ModelT = TypeVar("ModelT", bound=nn.Module)


def encoder_width(base: Path) -> int:
    """Width of the token states of the encoder in a directory.

    Raises:
        TrainingFailed: Its ``config.json`` cannot be read.
    """
    try:
        config = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False)
        return int(config.hidden_size)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise _unreadable(base, error) from error


def load_encoder(base: Path) -> PreTrainedModel:
    """The encoder in a directory (``config.json``, ``model.safetensors``), without a pooler.

    Raises:
        TrainingFailed: There is none that could be read; the message names the reason.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # A pooler that is missing or superfluous is of no interest: it is dropped below.
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False)
        if hasattr(config, FIELD):
            return _with_fewer_heads(config, base)
        encoder: PreTrainedModel = AutoModel.from_pretrained(
            base,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="eager",  # exports to the graph that onnxruntime fuses best
            dtype=torch.float32,
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _unreadable(base, error) from error
    if hasattr(encoder, "pooler"):
        setattr(encoder, "pooler", None)  # noqa: B010  # declared as a module, which it may well lack
    return encoder


def _with_fewer_heads(config: PretrainedConfig, base: Path) -> PreTrainedModel:
    """An encoder of ours whose layers are narrower than transformers knows them."""
    encoder: PreTrainedModel = AutoModel.from_config(  # type: ignore[no-untyped-call]
        config, attn_implementation="eager", dtype=torch.float32
    )
    if hasattr(encoder, "pooler"):
        setattr(encoder, "pooler", None)  # noqa: B010  # declared as a module
    shape_like(encoder)
    encoder.load_state_dict(load_file(base / "model.safetensors"))
    encoder.train(mode=False)
    return encoder


def with_new_heads(base: Path, build: Callable[[PreTrainedModel], ModelT]) -> ModelT:
    """What ``build`` makes of the encoder in a directory: with the same new heads every time, whatever was drawn before.

    Raises:
        TrainingFailed: There is no encoder that could be read; the message names the reason.
    """
    encoder = load_encoder(base)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(encoder)


def word_table(encoder: PreTrainedModel) -> Tensor:
    """The embeddings [v, d] of its words."""
    return encoder.get_input_embeddings().get_parameter("weight")


def layers_of(encoder: nn.Module, count: int) -> nn.ModuleList:
    """The layers of an encoder, lowest first: every architecture keeps them in a list, each under another name.

    Args:
        encoder: The encoder.
        count: How many it has, by its configuration.

    Raises:
        TrainingFailed: No list of so many modules is in it.
    """
    for module in encoder.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return module
    raise TrainingFailed(
        f"The layers of {type(encoder).__name__} cannot be told apart. Use tuning 'full' or 'lora', without layer_decay.",
        param="tuning",
    )


def _unreadable(base: Path, error: Exception) -> TrainingFailed:
    return TrainingFailed(f"The base model {base.name} cannot be read: {error}", param="model")
