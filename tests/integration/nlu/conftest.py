from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.nlu.settings import NluSettings
from shared.artifacts.bundle import Bundle
from shared.settings import read_settings
from tests.bundles import Recipe, tiny_bundle
from tests.integration.nlu.desk import MODELS, OTHER, Desk
from tests.integration.places import Place
from tests.task_bundles import task_bundle


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    folder = tmp_path_factory.mktemp("bundles")
    found = {
        model_id: tiny_bundle(folder / str(number), Recipe(model_id=model_id, seed=number))
        for number, model_id in enumerate(MODELS)
    }
    return found | {OTHER: task_bundle(folder / "other", "text_classification", OTHER, "one label")}


@pytest.fixture
def settings(where: Place) -> NluSettings:
    return read_settings(NluSettings, inference_threads=2, **where.settings())


@pytest.fixture
def desk(settings: NluSettings, bundles: dict[str, Bundle]) -> Iterator[Desk]:
    with Desk.open(settings, bundles) as desk:
        yield desk
