"""One gateway for all tests that leave no trace for the others."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from openai import OpenAI

from tests.unit.gateway.platform import Platform, running_platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("gateway")) as started:
        yield started


@pytest.fixture
def client(platform: Platform) -> Iterator[OpenAI]:
    with platform.client() as client:
        yield client


@pytest.fixture
def http(platform: Platform) -> Iterator[httpx.Client]:
    with platform.http() as http:
        yield http
