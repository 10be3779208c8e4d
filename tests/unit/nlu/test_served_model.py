from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.nlu.served_model import ServedModel
from shared.errors import BrokenArtifact, Unavailable
from shared.inference.fake import FakeReader
from shared.inference.reading import Reader
from shared.inference.slot import ModelSlot


class Registry:
    """What the database and the store would say."""

    def __init__(self) -> None:
        self.production: str | None = None
        self.broken: set[str] = set()
        self.is_away = False
        self.loaded: list[FakeReader] = []

    def wanted(self) -> str | None:
        if self.is_away:
            raise Unavailable("the database is away")
        return self.production

    def load(self, model_id: str) -> Reader:
        if model_id in self.broken:
            raise BrokenArtifact(f"{model_id} was damaged")
        self.loaded.append(FakeReader(model_id, ["a"], embedding_size=4))
        return self.loaded[-1]


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def slot() -> ModelSlot:
    return ModelSlot("nlu")


@pytest.fixture
def production(registry: Registry, slot: ModelSlot) -> ServedModel:
    return ServedModel(slot, "nlu", registry.wanted, registry.load)


def test_nothing_is_served_before_the_first_promotion(production: ServedModel, slot: ModelSlot) -> None:
    production.follow()
    assert slot.model_id is None
    assert "promote" in (production.problem() or "")


def test_what_is_promoted_is_served_and_loaded_once(
    production: ServedModel, slot: ModelSlot, registry: Registry
) -> None:
    for model_id in ("one", "one", "two"):
        registry.production = model_id
        production.follow()
        assert slot.model_id == model_id
        assert production.problem() is None
    assert [reader.model_id for reader in registry.loaded] == ["one", "two"]
    assert [reader.is_closed for reader in registry.loaded] == [True, False]


def test_a_broken_model_leaves_the_one_before_it_in_service(
    production: ServedModel, slot: ModelSlot, registry: Registry
) -> None:
    registry.production = "one"
    production.follow()
    registry.production = "two"
    registry.broken.add("two")
    production.follow()
    assert slot.model_id == "one"
    assert production.problem() == "two was damaged"
    registry.broken.clear()
    production.follow()
    assert slot.model_id == "two"
    assert production.problem() is None


def test_a_database_that_is_away_stops_nothing(production: ServedModel, slot: ModelSlot, registry: Registry) -> None:
    registry.production = "one"
    production.follow()
    registry.is_away = True
    production.follow()
    assert slot.model_id == "one"
    assert production.problem() == "the database is away"


def test_two_threads_that_follow_at_once_load_once(
    production: ServedModel, slot: ModelSlot, registry: Registry
) -> None:
    registry.production = "one"
    together = threading.Barrier(8)

    def follow() -> None:
        together.wait()
        production.follow()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(follow) for _ in range(8)]:
            future.result()
    assert len(registry.loaded) == 1
