"""How the suite is shared out among processes (``pytest -n``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared import quiet as quiet  # before a test imports any library: see there

_HERE = Path(__file__).parent
#: Folders whose tests start whole platforms. Side by side they would take each other's time; beside them run those that need little.
_HEAVY = ("chaos", "end_to_end")


# First: xdist writes the groups into the ids of the tests by a hook of its own, and takes no notice of those that come later.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a platform, or load the machine, run in one process; so do those of a module, whose fixtures they share."""
    for item in items:
        heavy = item.path.relative_to(_HERE).parts[0] in _HEAVY
        item.add_marker(pytest.mark.xdist_group("platforms" if heavy else str(item.path)))
