"""Knowledge is found by meaning, with the model that read the message, and indexed once for each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from services.generation.knowledge_cache import KnowledgeIndexCache
from shared.bot.bot import KnowledgePair
from shared.dialogue.knowledge import Embedder, KnowledgeIndex
from shared.errors import Unavailable
from shared.inference.fake import FakeReader

PAIRS = tuple(
    KnowledgePair(id=f"p{n}", question=f"question {n}", also=(f"wording {n}",), answer="a", source="s")
    for n in range(9)
)


class Models:
    """Opens fake readers and counts them; ``broken`` ones cannot be loaded."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.broken: set[str] = set()
        self.readers: list[FakeReader] = []
        self.gate = threading.Event()
        self.gate.set()

    @contextmanager
    def embedder(self, model_id: str) -> Iterator[Embedder]:
        self.gate.wait(5)
        self.opened.append(model_id)
        if model_id in self.broken:
            raise Unavailable("the store is away")
        reader = FakeReader(model_id, ("greet",))
        self.readers.append(reader)
        yield reader
        reader.close()


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def cache(models: Models) -> KnowledgeIndexCache:
    return KnowledgeIndexCache(models.embedder)


@pytest.mark.parametrize("text", ["question 4", "wording 4"])
def test_every_wording_of_a_pair_finds_it(text: str) -> None:
    reader = FakeReader("m", ("greet",))
    match = KnowledgeIndex(PAIRS, reader).best(reader.embed([text])[0])
    assert match is not None
    assert match.pair.id == "p4"
    assert match.score == pytest.approx(1.0, abs=1e-5)


def test_an_unrelated_message_has_a_low_score() -> None:
    reader = FakeReader("m", ("greet",))
    match = KnowledgeIndex(PAIRS, reader).best(reader.embed(["something else"])[0])
    assert match is not None
    assert match.score < 0.4


def test_no_pairs_no_match() -> None:
    assert KnowledgeIndex((), FakeReader("m", ("greet",))).best(np.ones(384, dtype=np.float32)) is None


def test_an_index_is_built_once_and_its_model_closed(cache: KnowledgeIndexCache, models: Models) -> None:
    assert cache.index("m", 1, PAIRS) is cache.index("m", 1, PAIRS)
    assert models.opened == ["m"]
    assert models.readers[0].is_closed


def test_a_new_bot_has_its_own_index(cache: KnowledgeIndexCache) -> None:
    reader = FakeReader("m", ("greet",))
    assert cache.index("m", 1, PAIRS).best(reader.embed(["question 8"])[0]) is not None
    match = cache.index("m", 2, PAIRS[:1]).best(reader.embed(["question 8"])[0])
    assert match is not None
    assert match.pair.id == "p0"


def test_two_are_kept_the_least_recently_used_goes(cache: KnowledgeIndexCache, models: Models) -> None:
    for model in ("a", "b", "a", "c", "a", "b"):
        cache.index(model, 1, PAIRS)
    assert models.opened == ["a", "b", "c", "b"]


def test_a_failure_is_told_to_everybody_and_tried_again(cache: KnowledgeIndexCache, models: Models) -> None:
    models.broken.add("m")
    with pytest.raises(Unavailable):
        cache.index("m", 1, PAIRS)
    models.broken.clear()
    assert cache.index("m", 1, PAIRS)
    assert models.opened == ["m", "m"]


def test_callers_at_the_same_time_share_one_build(cache: KnowledgeIndexCache, models: Models) -> None:
    models.gate.clear()
    with ThreadPoolExecutor(4) as pool:
        indexes = [pool.submit(cache.index, "m", 1, PAIRS) for _ in range(4)]
        models.gate.set()
        assert len({id(index.result(10)) for index in indexes}) == 1
    assert models.opened == ["m"]


def test_a_pair_can_be_left_out() -> None:
    reader = FakeReader("m", ("greet",))
    index = KnowledgeIndex(PAIRS, reader)
    vector = reader.embed([PAIRS[0].question])[0]
    others = index.best(vector, beside=PAIRS[0].id)
    assert others is not None
    assert others.pair.id != PAIRS[0].id
