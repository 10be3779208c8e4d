from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from shared.errors import BrokenArtifact
from shared.inference.tokens import CONTEXT_TOKENS, Tokens, readable


def test_padding_that_a_file_carries_is_not_applied(tokens: Tokens) -> None:
    assert [len(encoded.ids) for encoded in tokens.encode(["hello", "hello there my friend"])] == [3, 6]


def test_long_texts_are_cut_at_max_length(tokens: Tokens) -> None:
    (encoded,) = tokens.encode(["word " * 2000])
    assert len(encoded.ids) == 64
    assert encoded.offsets[-2] == (305, 309)


def test_offsets_count_code_points_of_the_original_text(tokens: Tokens) -> None:
    text = "🙂🙂 Ärger in 北京"
    (encoded,) = tokens.encode([text])
    smiles = ["🙂"] * 6  # each is read as three words: slightly smiling face
    told = [text[start:end] for start, end in encoded.offsets if end > start]
    assert told == [*smiles, "Är", "ger", "in", "北", "京"]


def test_what_was_said_before_stands_behind_the_text(tokens: Tokens) -> None:
    alone, answer = tokens.encode(["Paris", "Paris"], [[], ["flights please", "Where do you want to fly from?"]])
    assert alone.context == 0
    assert answer.ids[: -answer.context] == alone.ids
    assert answer.types == [0, 0, 0] + [1] * answer.context
    assert [span for span in answer.offsets if span[1] > span[0]] == [(0, 5)]


def test_the_newest_message_goes_first_and_a_long_one_keeps_head_and_tail(tokens: Tokens) -> None:
    long = "Exchange is free. " + "word " * 200 + "Which size?"
    (long_one,) = tokens.encode(["x"], [[long]])
    (short_one,) = tokens.encode(["x"], [["the customer", "Which size?"]])
    (swapped,) = tokens.encode(["x"], [["Which size?", "the customer"]])
    assert long_one.context <= CONTEXT_TOKENS
    assert long_one.ids[3] == tokens.encode(["exchange"])[0].ids[1]
    assert long_one.ids[-2] == short_one.ids[-short_one.context :][2] == tokens.encode(["?"])[0].ids[1]
    assert short_one.ids != swapped.ids


def test_a_separator_that_somebody_types_is_five_characters(tokens: Tokens) -> None:
    (typed,) = tokens.encode(["yes [SEP] no"])
    assert typed.ids.count(typed.ids[-1]) == 1


def test_a_long_text_is_cut_into_windows_that_overlap(tokens: Tokens) -> None:
    text = " ".join(f"word{number}" for number in range(100))
    (windows,) = tokens.windows([text], [["never read"]])
    spans = [[span for span in window.offsets if span[1] > span[0]] for window in windows]
    assert len(windows) > 2
    assert all(before[-1][1] > after[0][0] for before, after in pairwise(spans))
    assert (spans[0][0][0], spans[-1][-1][1]) == (0, len(text))
    assert not any(window.context for window in windows)


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
