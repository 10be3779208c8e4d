"""Artifacts in a folder of a local or shared disk: everything is written aside, then renamed into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from shared.artifacts.keys import Intake, Stored, checked
from shared.errors import NotFound, StorageFull, Unavailable
from shared.full_disk import is_disk_full


class LocalStore:
    """An ``ArtifactStore`` on a mounted file system, whose renames are atomic.

    Args:
        root: The folder; made when the first artifact comes.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_folder(self, key: str, local: Path) -> None:
        """Store a copy of a flat directory; see ``ArtifactStore``."""
        target = self._path(key)
        if target.exists():
            return
        with _aside(target) as partial:
            partial.mkdir()
            for file in sorted(local.iterdir()):
                shutil.copyfile(file, partial / file.name, follow_symlinks=False)
                _sync(partial / file.name)
            if not target.exists():  # another process may have stored the same meanwhile
                partial.rename(target)

    def fetch_folder(self, key: str, cache: Path) -> Path:  # noqa: ARG002  # remote stores need it
        """The stored directory itself; see ``ArtifactStore``."""
        folder = self._path(key)
        if not folder.is_dir():
            raise NotFound(f"nothing is stored under {key}")
        return folder

    def put_stream(self, key: str, chunks: Iterable[bytes], limit: int) -> Stored:
        """Store a file from its pieces; see ``ArtifactStore``."""
        target = self._path(key)
        intake = Intake(limit)
        with _aside(target) as partial:
            with partial.open("xb") as file:
                file.writelines(intake.pass_on(chunks))
            _sync(partial)
            partial.replace(target)
        return intake.stored()

    def open(self, key: str) -> BinaryIO:
        """The content of a file; see ``ArtifactStore``."""
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(f"nothing is stored under {key}") from None

    def exists(self, key: str) -> bool:
        """Whether something is stored under the key."""
        return self._path(key).exists()

    def delete(self, key: str) -> None:
        """Remove what is stored under the key and below it; see ``ArtifactStore``."""
        target = self._path(key)
        doomed = _sibling(target)
        try:
            target.rename(doomed)  # readers never see half a folder
        except (FileNotFoundError, NotADirectoryError):
            return
        _remove(doomed)

    def _path(self, key: str) -> Path:
        return self._root / checked(key)


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A name beside ``target`` that no key can have; what is left there in the end is removed."""
    partial = _sibling(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield partial
    except OSError as error:
        if is_disk_full(error):
            raise StorageFull("the disk of the artifact store is full: nothing was stored; make room on it") from error
        raise Unavailable(f"the artifact store cannot be written: {error}; check its permissions") from error
    finally:
        if partial.exists():
            _remove(partial)


def _sibling(target: Path) -> Path:
    return target.with_name(f".{uuid4().hex}")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
