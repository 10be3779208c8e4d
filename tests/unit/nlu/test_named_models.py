from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from services.nlu.named_models import NamedModels
from shared.errors import BrokenArtifact, Unavailable
from shared.inference.fake import FakeReader
from shared.inference.predictor import Predictor


class Shelf:
    """Loads fakes, remembers them, and can be made to take its time."""

    def __init__(self) -> None:
        self.loaded: list[FakeReader] = []
        self.may_load = threading.Event()
        self.may_load.set()
        self.broken: set[str] = set()

    def load(self, model_id: str) -> Predictor:
        self.may_load.wait(10)
        if model_id in self.broken:
            raise BrokenArtifact(f"{model_id} is broken")
        self.loaded.append(FakeReader(model_id, ["a"], embedding_size=4))
        return self.loaded[-1]

    def open_ids(self) -> list[str]:
        return sorted(reader.model_id for reader in self.loaded if not reader.is_closed)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def eventually(ask: Callable[[], Predictor]) -> Predictor:
    for _ in range(500):
        try:
            return ask()
        except Unavailable:
            time.sleep(0.01)
    raise AssertionError("never loaded")


def test_a_model_is_loaded_once() -> None:
    shelf = Shelf()
    models = NamedModels(shelf.load, clock=Clock())
    first = eventually(lambda: models.model("one"))
    assert models.model("one") is first
    assert len(shelf.loaded) == 1
    models.close()
    assert shelf.open_ids() == []


def test_the_caller_is_asked_to_come_back_while_it_loads() -> None:
    shelf = Shelf()
    shelf.may_load.clear()
    models = NamedModels(shelf.load, clock=Clock())
    with pytest.raises(Unavailable, match="being loaded"):
        models.model("one")
    shelf.may_load.set()
    assert eventually(lambda: models.model("one")).model_id == "one"
    models.close()


def test_the_least_recently_used_makes_room() -> None:
    shelf = Shelf()
    models = NamedModels(shelf.load, clock=Clock(), capacity=2)
    for model_id in ("one", "two", "one", "three"):
        eventually(lambda model_id=model_id: models.model(model_id))  # type: ignore[misc]
    assert shelf.open_ids() == ["one", "three"]
    models.close()


def test_a_model_that_loads_is_not_pushed_out_before_its_caller_had_it() -> None:
    shelf, clock = Shelf(), Clock()
    shelf.may_load.clear()
    models = NamedModels(shelf.load, clock=clock, capacity=1)
    with pytest.raises(Unavailable):
        models.model("one")
    clock.now = 4.0
    with pytest.raises(Unavailable, match="other models"):
        models.model("two")
    shelf.may_load.set()
    assert eventually(lambda: models.model("one")).model_id == "one"
    assert eventually(lambda: models.model("two")).model_id == "two"
    models.close()


def test_a_model_that_nobody_came_back_for_makes_room_and_is_closed() -> None:
    shelf, clock = Shelf(), Clock()
    shelf.may_load.clear()
    models = NamedModels(shelf.load, clock=clock, capacity=1)
    with pytest.raises(Unavailable):
        models.model("abandoned")
    clock.now = 6.0
    with pytest.raises(Unavailable, match="two is being loaded"):
        models.model("two")
    shelf.may_load.set()
    assert eventually(lambda: models.model("two")).model_id == "two"
    assert shelf.open_ids() == ["two"]
    models.close()


def test_a_model_that_cannot_be_loaded_says_why_and_is_tried_again() -> None:
    shelf = Shelf()
    shelf.broken.add("one")
    models = NamedModels(shelf.load, clock=Clock())
    with pytest.raises(BrokenArtifact):
        eventually(lambda: models.model("one"))
    shelf.broken.clear()
    assert eventually(lambda: models.model("one")).model_id == "one"
    models.close()
