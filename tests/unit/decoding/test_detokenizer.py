from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from shared.decoding.detokenizer import Detokenizer
from shared.decoding.tokenizer import DecoderTokens


def byte_level() -> DecoderTokens:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: index for index, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>"])
    return DecoderTokens(tokenizer)


TOKENS = byte_level()


@given(st.text())
def test_a_character_comes_whole(text: str) -> None:
    detokenizer = Detokenizer(TOKENS.pieces)
    parts = [detokenizer.add(token) for token in TOKENS.encode(text)]
    assert "".join(parts) == text
    assert all(len(part) <= 1 for part in parts), "one byte completes at most one character"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 256), max_size=60))
def test_bytes_that_are_no_text_are_told_as_the_tokenizer_tells_them(ids: list[int]) -> None:
    detokenizer = Detokenizer(TOKENS.pieces)
    closed = [*ids, TOKENS.encode(".")[0]]  # so that no character is left open
    assert "".join(map(detokenizer.add, closed)) == TOKENS.decode(closed)


def test_emoji_and_chinese_do_not_show_before_they_are_complete() -> None:
    detokenizer = Detokenizer(TOKENS.pieces)
    assert [detokenizer.add(token) for token in TOKENS.encode("好👍")] == ["", "", "好", "", "", "", "👍"]


def test_special_tokens_and_ids_beyond_the_vocabulary_say_nothing() -> None:
    detokenizer = Detokenizer(TOKENS.pieces)
    assert [detokenizer.add(token) for token in (256, 9_999)] == ["", ""]


def test_what_somebody_wrote_is_no_special_token() -> None:
    assert TOKENS.encode_marked("<|end|>") == [256]
    assert TOKENS.decode(TOKENS.encode("<|end|>")) == "<|end|>"


def test_tokens_of_sentencepiece_are_words_and_bytes() -> None:
    tokenizer = Tokenizer(models.BPE({"<0xE5>": 0, "<0xA5>": 1, "<0xBD>": 2, "▁hi": 3}, []))
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    detokenizer = Detokenizer(DecoderTokens(tokenizer).pieces)
    assert [detokenizer.add(token) for token in (3, 0, 1, 2)] == [" hi", "", "", "好"]


def test_a_token_costs_the_same_however_long_the_text_is() -> None:
    detokenizer = Detokenizer(TOKENS.pieces)
    ids = TOKENS.encode("好" * 100_000)
    start = time.perf_counter()
    for token in ids:
        detokenizer.add(token)
    assert time.perf_counter() - start < 5, "300,000 tokens take half a second; in quadratic time they would take hours"
