from __future__ import annotations

import numpy as np
import pytest

from shared.errors import Unavailable
from shared.inference.fake import FakeReader


def test_the_same_text_is_always_understood_alike() -> None:
    one, other = FakeReader("m", ["a", "b", "c"]), FakeReader("m", ["a", "b", "c"])
    texts = ["hello", "where is it?", "hello"]
    first, second = one.read(texts), other.read(texts)
    assert [reading.understanding for reading in first] == [reading.understanding for reading in second]
    assert first[0].understanding == first[2].understanding
    np.testing.assert_array_equal(one.embed(texts), [reading.embedding for reading in second])


def test_embeddings_have_length_one() -> None:
    assert np.linalg.norm(FakeReader("m", ["a"]).embed(["x", ""]), axis=1) == pytest.approx([1.0, 1.0])


def test_different_texts_differ() -> None:
    readings = FakeReader("m", [str(number) for number in range(50)]).read([f"text {number}" for number in range(50)])
    assert len({reading.understanding.intent for reading in readings}) > 20


def test_a_closed_fake_says_so() -> None:
    fake = FakeReader("m", ["a"])
    fake.close()
    assert fake.is_closed
    with pytest.raises(Unavailable):
        fake.read(["hello"])
