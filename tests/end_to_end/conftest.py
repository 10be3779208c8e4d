"""Platforms that many tests share: starting one, and training its model, is what takes time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.platforms import Platform, embedded, processes
from tests.integration.places import place


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """``parley up`` after its first start: the starter model is trained by a real job and in production."""
    with embedded(tmp_path_factory.mktemp("starter")) as platform:
        yield platform


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One process per service on RabbitMQ and PostgreSQL, without a model yet."""
    with place("stack", tmp_path_factory.mktemp("services")) as where, processes(where) as platform:
        yield platform
