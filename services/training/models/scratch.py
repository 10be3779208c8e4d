"""A base model that knows nothing yet: a tokenizer trained on the rows of a job, and an encoder with random weights."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel

from services.training.models.base_models import Base
from shared.contracts.training.jobs import SCRATCH, Architecture
from shared.inference.tokens import readable
from shared.text.normalisation import normalise

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def build_base(architecture: Architecture, texts: Iterable[str], folder: Path, *, max_length: int, seed: int) -> Base:
    """Write a base model into a new folder; the same texts and seed make the same one, so that a job can go on after a crash.

    The pieces are those of BPE within words, letter case folded; every Chinese character is a word. (WordPiece would be BERT's own, but
    its training gives other ids in every process.)

    Args:
        architecture: Its size.
        texts: Those that train it.
        folder: Does not exist yet.
        max_length: Tokens that it will read at once.
        seed: Of its weights.
    """
    folder.mkdir(parents=True)
    tokenizer = _tokenizer(architecture.vocabulary, texts)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=architecture.width,
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        intermediate_size=4 * architecture.width,
        max_position_embeddings=max(max_length, 512),
        pad_token_id=0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return Base(SCRATCH, folder, None)


def _tokenizer(vocabulary: int, texts: Iterable[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))  # noqa: S106  # no password
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(_SPECIAL),
        limit_alphabet=vocabulary - len(_SPECIAL),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator((normalise(readable(text)).text for text in texts), trainer)
    begin, end = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", begin), ("[SEP]", end)]
    )
    return tokenizer
