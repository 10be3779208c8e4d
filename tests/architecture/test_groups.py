"""Tests that share what is costly run in one process: else each process starts, and trains, what the others have."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="of interest where tests run in several processes")
def test_xdist_knows_the_group_of_a_test(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith(f"@{request.node.path}")
