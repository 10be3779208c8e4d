"""A Parley of one's own, and its bus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.messaging.bus import Bus
from shared.messaging.connect import connect
from shared.messaging.requesting.requester import Requester
from tests.integration.places import KINDS, Place, place


@pytest.fixture(params=KINDS)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def bus(where: Place) -> Iterator[Bus]:
    with connect(where.broker_url, prefix=where.broker_prefix) as bus:
        yield bus


@pytest.fixture
def requester(bus: Bus) -> Iterator[Requester]:
    with Requester(bus, "test") as requester:
        yield requester
