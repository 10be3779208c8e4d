"""What a starting process does, for the test that starts several at once."""

from __future__ import annotations

from multiprocessing.synchronize import Barrier

from shared.storage.database.engine import open_database


def start(url: str, together: Barrier) -> None:
    together.wait(timeout=60)
    with open_database(url):
        pass
