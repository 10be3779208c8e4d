"""How the suite is shared out among processes (``pytest -n``)."""

from __future__ import annotations

import pytest

from shared import quiet as quiet  # before a test imports any library: see there

#: Platforms that many tests share: whoever else started one would train its model a second time.
_SHARED = ("starter", "services")


# First: xdist writes the groups into the ids of the tests by a hook of its own, and takes no notice of those that come later.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a platform run in one process, and so do those of a module, whose fixtures they share."""
    for item in items:
        used = getattr(item, "fixturenames", ())
        group = next((name for name in _SHARED if name in used), str(item.path))
        item.add_marker(pytest.mark.xdist_group(group))
