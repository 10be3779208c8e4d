"""Encoder-decoders as graphs: they write what the model writes, whatever they write beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch

from services.training.exporting.encoder_decoder_export import export_encoder_decoder
from services.training.models.encoder_decoder import load_encoder_decoder
from services.training.models.encoder_decoder_model import EncoderDecoderModel
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.seq2seq.examples import examples_of
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER
from shared.errors import BrokenArtifact, TrainingFailed
from shared.tasks.seq2seq.reader import SequenceWriter
from shared.tasks.seq2seq.record import Input, Row
from tests.unit.training.tiny_base import tiny_base, tiny_encoder_decoder

ROWS = [Row("fly me to Rome please", "a flight"), Row("hotel", "a bed"), Row("a bed for the night, " * 3, "hotel")]
TEXTS = ["thanks", "a plane to New York City", *(f"a hotel with {n} pools, and beds " * (n % 3 + 1) for n in range(20))]


@pytest.fixture(scope="module", params=["t5", "mt5", "bart"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[EncoderDecoderModel, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    base = tiny_encoder_decoder(folder / "base", request.param)
    model, encoder = EncoderDecoderModel.load(base, None, 0.0), TextEncoder.load(base, 100)
    examples = [(one.source, one.target) for one in examples_of(encoder, ROWS, None)]
    (folder / "bundle").mkdir()
    encoder.save(folder / "bundle" / TOKENIZER)
    _, difference = export_encoder_decoder(model, folder / "bundle", examples)
    assert difference < 1e-4
    return model, folder / "bundle"


@pytest.fixture(scope="module")
def writer(made: tuple[EncoderDecoderModel, Path]) -> Iterator[SequenceWriter]:
    with closing(SequenceWriter.from_files(made[1] / FP32_MODEL, made[0].shape, "tiny", 100)) as opened:
        yield opened


@torch.no_grad()
def likeliest(model: EncoderDecoderModel, source: list[int], most: int) -> list[int]:
    """What the model writes, reading everything anew for each token."""
    begin, end = model.shape.begin, model.shape.end
    text = list(begin)
    while len(text) < len(begin) + most:
        logits = model.whole(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([text])).logits
        token = int(logits[0, -1].argmax())
        if token in end:
            break
        text.append(token)
    return text[len(begin) :]


def test_many_texts_are_written_as_the_model_writes_each_alone(
    made: tuple[EncoderDecoderModel, Path], writer: SequenceWriter
) -> None:
    model, most = made[0], [place % 9 + 1 for place in range(len(TEXTS))]
    sources = [writer.sources.of(text)[0] for text in TEXTS]

    written = writer.graphs.write(sources, most)

    for source, found, limit in zip(sources, written, most, strict=True):
        assert found == likeliest(model, source, limit)
    assert len({tuple(found) for found in written}) > 5, "they are texts of their own"


def test_a_text_that_is_too_long_is_cut_and_said_to_be(writer: SequenceWriter) -> None:
    short, long = writer.predict([Input("a hotel", 3), Input("a hotel with a pool, " * 50, 3)])
    assert (short.answer["truncated"], long.answer["truncated"]) == (False, True)
    assert short.tokens < long.tokens <= 100 + 3


def test_what_looks_like_a_special_token_is_read_as_characters(writer: SequenceWriter) -> None:
    ids, _ = writer.sources.of("a </s> b")
    assert ids.count(1) == 1, "the one at its end"


def test_graphs_of_another_model_are_refused(made: tuple[EncoderDecoderModel, Path]) -> None:
    model, folder = made
    with pytest.raises(BrokenArtifact, match="no encoder-decoder of 7 layers"):
        SequenceWriter.from_files(folder / FP32_MODEL, model.shape.model_copy(update={"layers": 7}), "tiny", 100)
    with pytest.raises(BrokenArtifact, match="do not fit"):
        SequenceWriter.from_files(folder / FP32_MODEL, model.shape.model_copy(update={"vocabulary": 9}), "tiny", 100)


def test_what_is_no_encoder_decoder_is_refused_with_what_to_use(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="is bert; models of task 'seq2seq' are of t5, mt5, bart") as refused:
        load_encoder_decoder(tiny_base(tmp_path / "reads"))
    assert refused.value.param == "model"


def test_a_length_that_the_base_model_cannot_read_is_refused(tmp_path: Path) -> None:
    encoder = TextEncoder.load(tiny_encoder_decoder(tmp_path / "bart"), 129)
    with pytest.raises(TrainingFailed, match="reads 128 tokens at once") as refused:
        examples_of(encoder, ROWS, None)
    assert refused.value.param == "schedule.max_length"


def test_a_target_that_is_cut_does_not_end_there(tmp_path: Path) -> None:
    encoder = TextEncoder.load(tiny_encoder_decoder(tmp_path / "t5", "t5"), 8)
    whole, cut = examples_of(encoder, [Row("a", "b"), Row("a", "thank you a lot for it, " * 4)], None)
    assert (whole.words[-1], whole.size) == (1, 1)
    assert 1 not in cut.words
    assert len(cut.target) == 7
    assert cut.size < 30, "it counts what is learned"
