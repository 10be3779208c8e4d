from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bot.bot import KnowledgePair
from shared.dialogue.knowledge import KnowledgeIndex
from shared.dialogue.lettering import LetterIndex

TEXTS = ("How do I return a tent?", "Who returns my deposit?", "狗可以上飞机吗？")


def test_a_text_is_most_alike_to_itself_whatever_its_case() -> None:
    likeness = LetterIndex(TEXTS).likeness("how do i RETURN a tent", range(len(TEXTS)))
    assert likeness.argmax() == 0
    assert likeness[0] == pytest.approx(1.0, abs=1e-5)


def test_a_rare_word_tells_more_than_a_common_one() -> None:
    index = LetterIndex(("returning a tent", "returning a lamp", "returning a shirt"))
    assert index.likeness("tents returned", range(len(TEXTS))).argmax() == 0


@given(st.text(max_size=80))
@settings(deadline=None, max_examples=60)
def test_any_text_is_between_unlike_and_alike(text: str) -> None:
    likeness = LetterIndex(TEXTS).likeness(text, range(len(TEXTS)))
    assert likeness.shape == (3,)
    assert ((likeness >= 0) & (likeness <= 1.0001)).all()


def test_letters_decide_between_pairs_that_are_about_as_near() -> None:
    pairs = [
        KnowledgePair(id=name, question=f"May I bring a {name}?", answer="Yes.", source="Rules")
        for name in ("cello", "ferret")
    ]
    index = KnowledgeIndex.of(pairs, np.array([[1.0, 0.0], [0.99, 0.14]], dtype=np.float32))
    message = np.array([1.0, 0.0], dtype=np.float32)
    by_letters = index.best(message, text="my ferret comes along")
    assert by_letters is not None
    assert by_letters.pair.id == "ferret"
    assert by_letters.score == pytest.approx(0.99)
    by_vectors = index.best(message)
    assert by_vectors is not None
    assert by_vectors.pair.id == "cello"
    beside = index.best(message, beside="ferret", text="my ferret comes along")
    assert beside is not None
    assert beside.pair.id == "cello"


def test_what_is_far_off_stays_far_off() -> None:
    pairs = [
        KnowledgePair(id=name, question=f"May I bring a {name}?", answer="Yes.", source="Rules")
        for name in ("cello", "ferret")
    ]
    index = KnowledgeIndex.of(pairs, np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32))
    found = index.best(np.array([1.0, 0.0], dtype=np.float32), text="ferret")
    assert found is not None
    assert found.pair.id == "cello"
