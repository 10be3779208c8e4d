from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import BrokenArtifact
from shared.inference.tokens import Tokens, readable


def test_padding_that_a_file_carries_is_not_applied(tokens: Tokens) -> None:
    assert [len(encoded.ids) for encoded in tokens.encode(["hello", "hello there my friend"])] == [3, 6]


def test_long_texts_are_cut_at_max_length(tokens: Tokens) -> None:
    (encoded,) = tokens.encode(["word " * 2000])
    assert len(encoded.ids) == 64
    assert encoded.offsets[-2] == (305, 309)


def test_offsets_count_code_points_of_the_original_text(tokens: Tokens) -> None:
    text = "🙂🙂 Ärger in 北京"
    (encoded,) = tokens.encode([text])
    assert [text[start:end] for start, end in encoded.offsets if end > start] == ["🙂🙂", "Är", "ger", "in", "北", "京"]


def test_pieces_of_one_word_continue_it(tokens: Tokens) -> None:
    text = "unfriended, he said"
    (encoded,) = tokens.encode([text])
    pieces = [text[start:end] for start, end in encoded.offsets]
    assert pieces == ["", "un", "fr", "ien", "ded", ",", "he", "said", ""]
    assert encoded.continues == [False, False, True, True, True, False, False, False, False]


@pytest.mark.parametrize("text", ["", "   \n\t", "\u200b\u200b", "\x00", "\ufeff"])
def test_texts_without_a_token_are_blank(tokens: Tokens, text: str) -> None:
    assert tokens.encode([text])[0].is_blank


def test_a_lone_surrogate_is_replaced_one_for_one(tokens: Tokens) -> None:
    text = "ab \ud83d cd \udc00"
    assert readable(text) == "ab \ufffd cd \ufffd"
    (encoded,) = tokens.encode([text])
    assert [text[start:end] for start, end in encoded.offsets if end > start] == ["ab", "cd"]


def test_well_formed_texts_stay_as_they_are() -> None:
    assert readable("🙂 née \x00") == "🙂 née \x00"


@pytest.mark.parametrize("content", [None, b"{}", b"not json", b"\xff\xfe"])
def test_a_file_that_is_no_tokenizer_is_a_broken_artifact(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BrokenArtifact, match=r"tokenizer\.json"):
        Tokens.from_file(path, max_length=8)
