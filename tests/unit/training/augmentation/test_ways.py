from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
import pytest

from services.training.augmentation import synonyms as words
from services.training.augmentation.edits import applied
from services.training.augmentation.entity_swap import pool_of, swaps
from services.training.augmentation.synonyms import synonyms
from services.training.augmentation.typing_noise import slips
from shared.rows.spans import Entity

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slip_is_small_and_keeps_numbers_first_letters_and_spans(seed: int) -> None:
    text = "please transfer 4500 to Johannsen today"
    spans = (Entity(16, 20, "amount"), Entity(24, 33, "name"))
    changed, moved = applied(text, spans, slips(text, spans, np.random.default_rng(seed), 0.5))
    assert changed != text or "ll" in text
    assert SequenceMatcher(None, text, changed).ratio() > 0.85
    assert [word[0] for word in changed.split()] == [word[0] for word in text.split()]
    amount, name = (changed[span.start : span.end] for span in moved)
    assert amount == "4500"
    assert name == changed.split()[4]


@pytest.mark.parametrize("seed", SEEDS)
def test_chinese_is_mistyped_by_sound_and_look(seed: int) -> None:
    text = "请帮我查一下在北京的座位"
    (edit,) = slips(text, (), np.random.default_rng(seed), 0.1)
    assert (text[edit.start : edit.end], edit.text) in {
        ("请", "清"), ("查", "察"), ("在", "再"), ("的", "地"), ("的", "得"), ("座", "坐"),
    }  # fmt: skip


def test_what_cannot_be_mistyped_stays() -> None:
    assert slips("a 42 !? ok", (), np.random.default_rng(0), 1.0) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_synonyms_are_of_the_table_and_never_in_a_span(seed: int) -> None:
    text = "Please help me buy the film Purchased Movies"
    spans = (Entity(28, 44, "title"),)
    changed, moved = applied(text, spans, synonyms(text, spans, np.random.default_rng(seed), 1.0))
    assert changed[moved[0].start : moved[0].end] == "Purchased Movies"
    assert changed.startswith("Kindly assist me purchase the movie ")


def test_phrases_go_before_the_words_in_them_and_chinese_needs_no_blanks() -> None:
    (edit,) = synonyms("a mobile phone", (), np.random.default_rng(0), 1.0)
    assert (edit.start, edit.end) == (2, 14)
    (edit,) = synonyms("这个什么时候到", (), np.random.default_rng(0), 1.0)
    assert edit == (2, 6, "何时")


def test_the_table_names_no_word_twice_in_a_group() -> None:
    for line in (words._ENGLISH + words._CHINESE).splitlines():
        group = line.split("|")
        assert len(set(group)) == len(group)
    assert all(word not in others and others for word, others in words._TABLE.items())


def test_a_span_takes_the_words_of_another_of_its_label() -> None:
    text, spans = "to Rome on Monday", (Entity(3, 7, "city"), Entity(11, 17, "day"))
    pool = pool_of([(text, spans), ("from Oslo", (Entity(5, 9, "city"),))])
    for seed in SEEDS:
        assert applied(text, spans, swaps(text, spans, np.random.default_rng(seed), pool))[0] == "to Oslo on Monday"
    assert swaps("on Monday", (Entity(3, 9, "day"),), np.random.default_rng(0), pool) == []
