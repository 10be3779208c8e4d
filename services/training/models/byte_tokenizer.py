"""A tokenizer of bytes, trained on the rows of a job: no text is unknown to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def train_tokenizer(vocabulary: int, texts: Iterable[str], special: Sequence[str]) -> Tokenizer:
    """Pairs of bytes that stand together often (BPE, Sennrich et al. 2016); special tokens have the first ids.

    Args:
        vocabulary: Tokens at most; the 256 bytes and the special ones are there in any case.
        texts: Those that train it.
        special: Tokens that no text holds.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
