from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.nlu.settings import NluSettings
from shared.artifacts.bundle import Bundle
from shared.messaging.bus import Bus
from shared.messaging.connect import connect
from shared.messaging.requests import Requester
from shared.settings import read_settings
from tests.bundles import Recipe, tiny_bundle
from tests.integration.nlu.desk import MODELS, Desk
from tests.integration.places import KINDS, Place, place


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        model_id: tiny_bundle(folder / str(number), Recipe(model_id=model_id, seed=number))
        for number, model_id in enumerate(MODELS)
    }


@pytest.fixture(params=KINDS)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def settings(where: Place) -> NluSettings:
    return read_settings(NluSettings, inference_threads=2, **where.settings())


@pytest.fixture
def desk(settings: NluSettings, bundles: dict[str, Bundle]) -> Iterator[Desk]:
    with Desk.open(settings, bundles) as desk:
        yield desk


@pytest.fixture
def bus(where: Place) -> Iterator[Bus]:
    with connect(where.broker_url, prefix=where.broker_prefix) as bus:
        yield bus


@pytest.fixture
def requester(bus: Bus) -> Iterator[Requester]:
    with Requester(bus, "test") as requester:
        yield requester
