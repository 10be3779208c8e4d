"""A tokenizer and a word table that are cut together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from services.training.models.encoder import load_encoder, word_table
from services.training.models.vocabularies import trim
from shared.errors import TrainingFailed
from tests.unit.training.tiny_base import ROWS, tiny_base

KEPT = 4000


class Trimmed:
    """Both tokenizers, and both tables."""

    def __init__(self, folder: Path) -> None:
        base, target = tiny_base(folder / "base"), folder / "student"
        target.mkdir()
        self.before = _plain(base / "tokenizer.json")
        self.used = {place for row in ROWS for place in self.before.encode(row.text).ids}
        encoder = load_encoder(base)
        self.table = word_table(encoder).detach().clone()
        self.count = trim(encoder, base, target, self.used, KEPT)
        encoder.save_pretrained(target)
        self.after, self.small = _plain(target / "tokenizer.json"), word_table(load_encoder(target)).detach()


def _plain(file: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Trimmed:
    return Trimmed(tmp_path_factory.mktemp("trimmed"))


def test_every_token_that_is_left_has_its_own_embedding(trimmed: Trimmed) -> None:
    words = trimmed.after.get_vocab()
    assert trimmed.count == len(words) == len(trimmed.small) == KEPT
    assert sorted(words.values()) == list(range(KEPT)), "no id is free, none is beyond the table"
    old = [trimmed.before.token_to_id(word) for word in words]
    assert torch.equal(trimmed.small[list(words.values())], trimmed.table[old])


def test_the_training_rows_are_cut_as_before(trimmed: Trimmed) -> None:
    for row in ROWS:
        assert trimmed.after.encode(row.text).tokens == trimmed.before.encode(row.text).tokens
    pair = (ROWS[0].text, ROWS[1].text)
    assert trimmed.after.encode(*pair).type_ids == trimmed.before.encode(*pair).type_ids


@given(
    text=st.one_of(st.text(max_size=40), st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789éßж中 -'", max_size=60))
)
def test_any_text_is_cut_and_read_back_as_it_was(trimmed: Trimmed, text: str) -> None:
    before, after = trimmed.before.encode(text), trimmed.after.encode(text)
    for encoding, tokenizer in ((before, trimmed.before), (after, trimmed.after)):
        assert [tokenizer.id_to_token(place) for place in encoding.ids] == encoding.tokens
    assert after.tokens.count("[UNK]") == before.tokens.count("[UNK]"), "no word is lost that was known"
    assert _spelled(after.tokens) == _spelled(before.tokens)
    assert all(0 <= place < KEPT for place in after.ids)


def _spelled(tokens: list[str]) -> str:
    return "".join(token.removeprefix("##") if len(token) > 2 else token for token in tokens)


def test_what_has_to_stay_stays_even_if_it_is_more(tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "base")
    (tmp_path / "student").mkdir()
    assert trim(load_encoder(base), base, tmp_path / "student", {2003}, 100) > 1000


def test_a_vocabulary_of_another_kind_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny_base(tmp_path / "whole"), base)
    document = json.loads((base / "tokenizer.json").read_text())
    document["model"]["type"] = "BPE"
    (base / "tokenizer.json").write_text(json.dumps(document))
    with pytest.raises(TrainingFailed, match="is BPE; only a WordPiece") as refused:
        trim(load_encoder(base), base, tmp_path, set(), 100)
    assert refused.value.param == "tuning.vocabulary"
