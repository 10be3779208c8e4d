"""A decoder that knows nothing yet: a tokenizer trained on the rows of a job, and a Llama shape with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging as transformers_logging

from services.training.models.base_models import Base
from services.training.models.byte_tokenizer import train_tokenizer
from shared.artifacts.manifest import CHAT_TEMPLATE
from shared.contracts.training.jobs import Architecture, JobSpec
from shared.decoding.chat_template import CHAT_ML

DECODER = Architecture(layers=8, width=256, heads=8, vocabulary=8_000)
"""Some 9 million weights."""

_END_OF_TEXT, _BEGIN_TURN, _END_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_SPECIAL = (_END_OF_TEXT, _BEGIN_TURN, _END_TURN)
#: Tokens that it holds, if the texts of its job are not longer.
_CONTEXT = 1024


def build_decoder(spec: JobSpec, texts: Sequence[str], folder: Path, seed: int) -> Base:
    """Write a base model into a new folder; the same texts and seed make the same one, so that a job can go on after a crash.

    Args:
        spec: Its ``architecture`` says the size (``None``: ``DECODER``), and its schedule how many tokens it reads at least.
        texts: Those that train the tokenizer.
        folder: Does not exist yet.
        seed: Of its weights.
    """
    folder.mkdir(parents=True)
    size = spec.architecture or DECODER
    tokenizer = train_tokenizer(size.vocabulary, texts, _SPECIAL)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / CHAT_TEMPLATE).write_text(CHAT_ML, encoding="utf-8")
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads // 2 if size.heads % 2 == 0 else size.heads,
        intermediate_size=4 * size.width,
        max_position_embeddings=max(spec.schedule.max_length, _CONTEXT),
        tie_word_embeddings=True,
        bos_token_id=tokenizer.token_to_id(_END_OF_TEXT),
        eos_token_id=tokenizer.token_to_id(_END_OF_TEXT),
        pad_token_id=tokenizer.token_to_id(_END_OF_TEXT),
    )
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    return Base(spec.model, folder, None)
