"""The folder of the platform that ``parley up`` runs."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import SettingsError

_LOCK = "up.lock"


@contextmanager
def claimed(home: Path) -> Iterator[None]:
    """Make the folder if need be, and keep other platforms out of it as long as this process lives.

    Two platforms in one folder would take each other's jobs, and news of models and bots never gets from one to the other.

    Raises:
        SettingsError: It cannot be made or written, or another platform runs in it.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (home / _LOCK).open("w", encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"the data folder {home} cannot be used: {error.strerror}; choose another with PARLEY_HOME", param="home"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"another 'parley up' runs in {home}; stop it, or give this one a folder of its own with PARLEY_HOME",
                param="home",
            ) from None
        yield
