"""Where artifacts are kept: one protocol, a local folder or a remote bucket behind it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from shared.artifacts.keys import Stored
from shared.artifacts.local import LocalStore
from shared.artifacts.remote import RemoteStore
from shared.errors import SettingsError


class ArtifactStore(Protocol):
    """Keeps files and folders under keys such as ``models/<id>`` or ``jobs/<id>/checkpoints/<step>``.

    What is stored under a key never changes; it is there as a whole or not at all. Every method refuses a key that
    could lead outside the store with ``InvalidInput``, and raises ``Unavailable`` when the store cannot be reached.
    """

    def put_folder(self, key: str, local: Path) -> None:
        """Store a copy of a flat directory; under a key that is taken, nothing happens."""

    def fetch_folder(self, key: str, cache: Path) -> Path:
        """A local directory with the files of ``key``: the stored one itself, or a verified copy below ``cache``.

        Raises:
            NotFound: Nothing is stored under the key.
            BrokenArtifact: What was fetched is not what was stored.
        """
        ...

    def put_stream(self, key: str, chunks: Iterable[bytes], limit: int) -> Stored:
        """Store a file from its pieces.

        Raises:
            InvalidInput: More than ``limit`` bytes came; nothing is kept of them.
        """
        ...

    def open(self, key: str) -> BinaryIO:
        """The content of a file.

        Raises:
            NotFound: Nothing is stored under the key.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether a file or a whole folder is stored under the key."""
        ...

    def delete(self, key: str) -> None:
        """Remove what is stored under the key and below it; nothing there is no error."""


def open_store(url: str) -> ArtifactStore:
    """The store that a URL names: ``file:///folder``, or any address fsspec knows, e.g. ``s3://bucket/folder``.

    Raises:
        SettingsError: The URL names no store, or the driver for it is not installed.
    """
    parts = urlsplit(url)
    if not parts.scheme:
        raise SettingsError(
            f"PARLEY_ARTIFACTS_URL={url!r}: give a URL such as file:///srv/parley or s3://bucket/parley"
        )
    if parts.scheme == "file":
        return LocalStore(Path(unquote(parts.netloc + parts.path)))
    return RemoteStore(url)
