from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import Calibration, Labels, ScopeCalibration
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.errors import BrokenArtifact, Unavailable
from shared.inference.reader import TextReader
from shared.inference.reading import Reading
from tests.bundles import LABELS, WIDTH, Recipe, tiny_bundle

TEXTS = [
    "Where is my order?",
    "",
    "I want to fly from Zürich to New York City on Friday, and back again in two weeks if that can be done",
    "我要退货",
    "ok 👍🏽",
    "cancel",
    "The third time that I write, and nobody answers. This is outrageous.",
] * 3


def agree(left: Reading, right: Reading, tolerance: float) -> None:
    one, other = left.understanding, right.understanding
    assert left.tokens == right.tokens
    assert [(span.start, span.end, span.label) for span in one.entities] == [
        (span.start, span.end, span.label) for span in other.entities
    ]
    assert one.intent is not None
    assert other.intent is not None
    assert one.intent.name == other.intent.name
    assert one.intent.confidence == pytest.approx(other.intent.confidence, abs=tolerance)
    assert one.sentiment is not None
    assert other.sentiment is not None
    assert one.sentiment.score == pytest.approx(other.sentiment.score, abs=tolerance)
    np.testing.assert_allclose(left.embedding, right.embedding, atol=tolerance)


@pytest.mark.parametrize("which", ["bundle", "int8_bundle"])
def test_a_text_is_read_alike_alone_and_among_others(which: str, request: pytest.FixtureRequest) -> None:
    bundle: Bundle = request.getfixturevalue(which)
    reader = TextReader.from_bundle(bundle, threads=2)
    for together, text in zip(reader.read(TEXTS), TEXTS, strict=True):
        agree(together, reader.read([text])[0], 1e-5)
    reader.close()


def test_threads_change_nothing(bundle: Bundle, reader: TextReader) -> None:
    single = TextReader.from_bundle(bundle, threads=1)
    for left, right in zip(single.read(TEXTS), reader.read(TEXTS), strict=True):
        agree(left, right, 1e-5)
    single.close()


def test_many_callers_at_once_each_get_their_own(reader: TextReader) -> None:
    expected = reader.read(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for answers in pool.map(reader.read, [TEXTS] * 24):
            for left, right in zip(expected, answers, strict=True):
                agree(left, right, 1e-5)


def test_nothing_to_read_gives_nothing(reader: TextReader) -> None:
    assert reader.read([]) == []
    assert reader.embed([]).shape == (0, WIDTH)


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b", "\x00\x00"])
def test_a_blank_text_has_a_defined_answer(reader: TextReader, text: str) -> None:
    (reading,) = reader.read([text])
    assert reading.understanding.intent is not None
    assert reading.understanding.intent.name == OUT_OF_SCOPE
    assert reading.understanding.entities == ()
    assert reading.understanding.sentiment is not None
    assert reading.understanding.sentiment.label == "neutral"
    assert not reading.embedding.any()


def test_a_text_longer_than_the_model_is_read_to_its_end(reader: TextReader) -> None:
    text = "a long story " * 800
    (reading,) = reader.read([text])
    assert reading.understanding.tokens > 64
    assert reading.understanding.truncated
    (short,) = reader.read(["a long story " * 80])
    assert not short.understanding.truncated
    assert np.linalg.norm(short.embedding) == pytest.approx(1.0, abs=1e-5)
    assert reader.embed([text, "hello"]).shape[0] == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=[]), max_size=40), max_size=6))
def test_any_text_is_read_with_exact_spans(reader: TextReader, texts: list[str]) -> None:
    for text, reading in zip(texts, reader.read(texts), strict=True):
        assert np.isfinite(reading.embedding).all()
        reading.understanding.model_dump_json()
        for span in reading.understanding.entities:
            kept = text[span.start : span.end].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            assert len(span.text) == span.end - span.start
            assert span.text == kept or "\ufffd" in span.text


def test_embeddings_are_those_of_the_readings_and_of_length_one(reader: TextReader) -> None:
    embeddings = reader.embed(TEXTS)
    np.testing.assert_allclose(embeddings, [reading.embedding for reading in reader.read(TEXTS)], atol=1e-6)
    lengths = np.linalg.norm(embeddings, axis=1)
    assert lengths == pytest.approx([0.0 if not text else 1.0 for text in TEXTS], abs=1e-5)


def test_the_scope_threshold_of_the_bundle_is_applied(tmp_path: Path, reader: TextReader) -> None:
    known = reader.embed(["cancel"])
    scope = ScopeCalibration(weights={"nearest": 1.0}, threshold=0.999, in_scope_rejection=0.0)
    recipe = Recipe(calibration=Calibration(scope=scope), neighbours=known.astype(np.float16))
    strict = TextReader.from_bundle(tiny_bundle(tmp_path / "strict", recipe))
    names = [reading.understanding.intent and reading.understanding.intent.name for reading in strict.read(TEXTS[4:6])]
    strict.close()
    assert names[0] == OUT_OF_SCOPE
    assert names[1] in LABELS.intents


def test_a_model_with_one_head_reads_what_it_can(tmp_path: Path) -> None:
    recipe = Recipe(labels=Labels(sentiments=("negative", "neutral", "positive")))
    reader = TextReader.from_bundle(tiny_bundle(tmp_path / "sentiment", recipe))
    (reading,) = reader.read(["good"])
    reader.close()
    assert reading.understanding.intent is None
    assert reading.understanding.entities == ()
    assert reading.understanding.sentiment is not None


def test_a_model_with_fewer_outputs_than_labels_is_refused(bundle: Bundle) -> None:
    labels = LABELS.model_copy(update={"intents": (*LABELS.intents, "unheard_of")})
    wrong = Bundle(bundle.folder, bundle.manifest.model_copy(update={"labels": labels}))
    with pytest.raises(BrokenArtifact, match=r"'intent' has 6 columns, the manifest names 7"):
        TextReader.from_bundle(wrong)


def test_neighbours_of_another_width_are_refused(tmp_path: Path) -> None:
    recipe = Recipe(neighbours=np.zeros((3, WIDTH + 1), dtype=np.float16))
    with pytest.raises(BrokenArtifact, match="neighbours"):
        TextReader.from_bundle(tiny_bundle(tmp_path / "wide", recipe))


def test_a_closed_reader_says_so(bundle: Bundle) -> None:
    reader = TextReader.from_bundle(bundle)
    reader.close()
    reader.close()
    with pytest.raises(Unavailable):
        reader.read(["hello"])


def test_memory_does_not_grow_with_swaps(bundle: Bundle) -> None:
    process = psutil.Process()

    def swap(times: int) -> int:
        for _ in range(times):
            reader = TextReader.from_bundle(bundle, threads=2)
            reader.read(TEXTS)
            reader.close()
        gc.collect()
        return int(process.memory_info().rss)

    settled = swap(5)
    model_bytes = bundle.path("model.onnx").stat().st_size
    assert swap(20) - settled < 10 * model_bytes  # every model would be 20; allocators keep some
