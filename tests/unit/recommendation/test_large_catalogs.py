"""Catalogs that are too large to look at every item for every question."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
import pytest

from services.recommendation.live_catalog import LiveCatalog
from services.recommendation.offering import offer
from services.recommendation.person import NOBODY, Person
from services.recommendation.untrained import WIDTH
from shared.contracts.knowledge.recommendation import RecommendItems
from shared.tasks.recommendation.diversity import unlike
from shared.tasks.recommendation.neighbours import Floats
from shared.tasks.recommendation.record import EventRow, ItemRow
from shared.tasks.recommendation.vector_index import VectorIndex

COUNT, KINDS, NOW = 6_000, 30, 1_000.0
ASKED = RecommendItems(catalog="large", n=20)


def at_once(make: Callable[[Floats], VectorIndex], vectors: Floats) -> Future[VectorIndex]:
    done: Future[VectorIndex] = Future()
    done.set_result(make(vectors))
    return done


def around(centres: Floats, kinds: list[int], seed: int) -> Floats:
    """Vectors of length 1, each near the centre of its kind."""
    noise = np.random.default_rng(seed).standard_normal((len(kinds), WIDTH)) / np.sqrt(WIDTH)
    found = (centres[kinds] + 0.7 * noise).astype(np.float32)
    lengths: Floats = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Floats = found / lengths
    return unit


CENTRES: Floats = np.linalg.qr(np.random.default_rng(0).standard_normal((WIDTH, KINDS)))[0].T.astype(np.float32)
OF_KIND = [number % KINDS for number in range(COUNT)]
VECTORS = around(CENTRES, OF_KIND, 1)
ITEMS = [ItemRow(f"item {number}", "x", price=float(number)) for number in range(COUNT)]


def filled(popular: int = 400) -> LiveCatalog:
    live = LiveCatalog(0, None)
    live.put(ITEMS, VECTORS, [])
    live.count([EventRow(f"item {number}", "purchase", NOW, user_id="a") for number in range(popular)])
    return live


@pytest.fixture(scope="module")
def indexed() -> LiveCatalog:
    """Not to be changed."""
    live = filled()
    for _ in range(2):
        live.keep_index(at_once)
    assert live.shelf.index is not None
    return live


def offered(live: LiveCatalog, person: Person = NOBODY, asked: RecommendItems = ASKED) -> list[str]:
    return [one.item_id for one in offer(live, asked, person, NOW)]


def test_the_index_finds_what_looking_at_all_would(indexed: LiveCatalog) -> None:
    exact = filled()
    found = [
        len(set(offered(indexed, one)) & set(offered(exact, one))) / ASKED.n
        for one in (Person((f"item {number}",), frozenset((f"item {number}",))) for number in range(500, 520))
    ]
    assert np.mean(found) > 0.95


def test_an_item_that_came_or_changed_after_the_index_was_made_is_found() -> None:
    live = filled(popular=0)
    for _ in range(2):
        live.keep_index(at_once)
    person = Person(("item 501",))
    twin = live.shelf.vectors[501][None]
    live.put([ItemRow("new", "x")], twin, [])
    assert set(offered(live, person)[:2]) == {"item 501", "new"}
    live.put([ITEMS[700]], twin, [])
    live.put([], twin[:0], ["new"])
    assert set(offered(live, person)[:2]) == {"item 501", "item 700"}


def test_a_filter_that_leaves_few_is_searched_whole(indexed: LiveCatalog) -> None:
    asked = ASKED.model_copy(update={"filters": {"type": "gte", "key": "price", "value": COUNT - 25}})
    assert set(offered(indexed, Person(("item 3",)), asked)) <= {f"item {COUNT - 1 - number}" for number in range(25)}
    assert len(offered(indexed, Person(("item 3",)), asked)) == ASKED.n


def test_others_like_an_item_are_of_its_kind(indexed: LiveCatalog) -> None:
    found = offered(indexed, asked=RecommendItems(catalog="large", similar_to="item 7", n=50))
    assert {int(item.split()[1]) % KINDS for item in found} == {7}


def test_the_popular_come_first_to_whoever_is_not_known(indexed: LiveCatalog) -> None:
    assert {int(item.split()[1]) < 400 for item in offered(indexed)} == {True}


def test_every_vector_is_in_one_list() -> None:
    index = VectorIndex.of(VECTORS[:2_000])
    assert sorted(index.nearest(VECTORS[0], 5_000).tolist()) == list(range(2_000))


@pytest.mark.parametrize("closeness", [0.0, 0.99])
def test_diversity_does_not_depend_on_how_close_an_encoder_has_drawn_all_items(closeness: float) -> None:
    """Three kinds of which one is worth more: the offer shows all kinds, whether their cosines are 0 or 0.99."""
    kinds = np.array([0] * 10 + [1] * 3 + [2] * 3)
    shared = np.eye(4, dtype=np.float32)[3]
    vectors = np.sqrt(closeness) * shared + np.sqrt(1 - closeness) * np.eye(4, dtype=np.float32)[kinds]
    scores = np.linspace(1, 0, 16).astype(np.float32)
    assert set(kinds[unlike(vectors, scores, 4, 0.0)]) == {0}
    assert set(kinds[unlike(vectors, scores, 4, 0.7)]) == {0, 1, 2}
