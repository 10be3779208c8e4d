"""Texts that stand behind each other in one sequence do not see each other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from services.training.exporting.decoder_export import export_decoder
from services.training.models.decoder_model import OUTPUT, DecoderModel
from services.training.writing.token_sequences import TokenSequence, collated, packed
from tests.unit.training.tiny_base import tiny_decoder


def text(length: int, begin: int) -> TokenSequence:
    return TokenSequence(tuple(range(begin, begin + length)), tuple(range(1, length)), length)


def test_best_fit_leaves_little_room_and_loses_nothing() -> None:
    texts = [text(length, 10) for length in (9, 3, 7, 1, 5, 5)]
    found = packed(texts, 10)
    assert sorted(len(one) for one in found) == [10, 10, 10]
    assert sum(len(one.learned) for one in found) == sum(len(one.learned) for one in texts)
    assert sorted(length for one in found for length in one.lengths) == [1, 3, 5, 5, 7, 9]


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gpt2"])
def test_every_family_reads_packed_texts_as_apart_and_is_exported(family: str, tmp_path: Path) -> None:
    model = DecoderModel.load(tiny_decoder(tmp_path / family, family), None, 0.1).eval()
    texts = [text(7, 20), text(4, 60), text(9, 100)]
    together, words = collated([texts[0].and_then(texts[1]).and_then(texts[2])])
    with torch.no_grad():
        packed_logits = model(**together)[OUTPUT][0]
        apart = torch.cat([model(**collated([one])[0])[OUTPUT][0] for one in texts])
    assert torch.allclose(packed_logits, apart, atol=1e-4)
    assert words["words"].shape == (1, 17)

    folder = tmp_path / "bundle"
    folder.mkdir()
    shape, difference = export_decoder(model, folder, [one.ids for one in texts])
    assert difference < 1e-3
    assert shape.shared_buffer is (family != "gpt2")
