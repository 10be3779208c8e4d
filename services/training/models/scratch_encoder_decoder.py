"""An encoder-decoder that knows nothing yet: a tokenizer trained on the rows of a job, and a T5 shape with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import processors
from transformers import T5Config, T5ForConditionalGeneration
from transformers.utils import logging as transformers_logging

from services.training.models.base_models import Base
from services.training.models.byte_tokenizer import train_tokenizer
from shared.contracts.training.jobs import Architecture, JobSpec

ENCODER_DECODER = Architecture(layers=4, width=256, heads=8, vocabulary=8_000)
"""Some 11 million weights."""

_PADDING, _END = "<pad>", "</s>"


def build_encoder_decoder(spec: JobSpec, texts: Sequence[str], folder: Path, seed: int) -> Base:
    """Write a base model into a new folder; the same texts and seed make the same one, so that a job can go on after a crash.

    Its places are distances (T5, Raffel et al. 2020), so that it reads texts of any length; its feed-forward layers are gated (v1.1).

    Args:
        spec: Its ``architecture`` says the size, of the encoder and of the decoder each; ``None``: ``ENCODER_DECODER``.
        texts: Those that train the tokenizer.
        folder: Does not exist yet.
        seed: Of its weights.
    """
    folder.mkdir(parents=True)
    size = spec.architecture or ENCODER_DECODER
    tokenizer = train_tokenizer(size.vocabulary, texts, (_PADDING, _END))
    padding, end = (tokenizer.token_to_id(name) for name in (_PADDING, _END))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {_END}", pair=f"$A {_END} $B {_END}", special_tokens=[(_END, end)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = T5Config(
        vocab_size=tokenizer.get_vocab_size(),
        d_model=size.width,
        d_kv=size.width // size.heads,
        d_ff=2 * size.width,
        num_layers=size.layers,
        num_heads=size.heads,
        feed_forward_proj="gated-gelu",
        pad_token_id=padding,
        eos_token_id=end,
    )
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = T5ForConditionalGeneration(config)
    if model.generation_config is not None:  # where other tools look for it too
        model.generation_config.decoder_start_token_id = padding
    model.save_pretrained(folder)
    return Base(spec.model, folder, None)
