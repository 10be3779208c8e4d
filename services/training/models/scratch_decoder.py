"""A decoder that knows nothing yet: a tokenizer trained on the rows of a job, and a Llama shape with random weights."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging as transformers_logging

from services.training.models.base_models import Base
from shared.artifacts.manifest import CHAT_TEMPLATE
from shared.contracts.jobs import Architecture
from shared.decoding.chat_template import CHAT_ML

DECODER = Architecture(layers=8, width=256, heads=8, vocabulary=8_000)
"""Some 9 million weights."""

_END_OF_TEXT, _BEGIN_TURN, _END_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_SPECIAL = (_END_OF_TEXT, _BEGIN_TURN, _END_TURN)
#: Tokens that it holds, if the texts of its job are not longer.
_CONTEXT = 1024


def build_decoder(
    name: str, architecture: Architecture | None, texts: Iterable[str], folder: Path, *, max_length: int, seed: int
) -> Base:
    """Write a base model into a new folder; the same texts and seed make the same one, so that a job can go on after a crash.

    Args:
        name: What a user called it.
        architecture: Its size; ``None``: ``DECODER``.
        texts: Those that train the tokenizer: pieces of bytes, so that no text is unknown to it.
        folder: Does not exist yet.
        max_length: Tokens that it will read at least.
        seed: Of its weights.
    """
    folder.mkdir(parents=True)
    size = architecture or DECODER
    tokenizer = _tokenizer(size.vocabulary, texts)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / CHAT_TEMPLATE).write_text(CHAT_ML, encoding="utf-8")
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads // 2 if size.heads % 2 == 0 else size.heads,
        intermediate_size=4 * size.width,
        max_position_embeddings=max(max_length, _CONTEXT),
        tie_word_embeddings=True,
        bos_token_id=tokenizer.token_to_id(_END_OF_TEXT),
        eos_token_id=tokenizer.token_to_id(_END_OF_TEXT),
        pad_token_id=tokenizer.token_to_id(_END_OF_TEXT),
    )
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    return Base(name, folder, None)


def _tokenizer(vocabulary: int, texts: Iterable[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
