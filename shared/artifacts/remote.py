"""Artifacts in a bucket or on any other file system that fsspec reaches."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import fsspec
from pydantic import TypeAdapter

from shared.artifacts.keys import Intake, Stored, checked
from shared.artifacts.manifest import FileEntry
from shared.errors import BrokenArtifact, NotFound, ParleyError, SettingsError, StorageFull, Unavailable
from shared.full_disk import is_disk_full

_Index = TypeAdapter(dict[str, FileEntry])
#: Beside each folder, written last: buckets cannot rename, so this file is what makes a folder complete. No key of
#: ours ends like it.
_INDEX = ".index.json"
_CHUNK_BYTES = 1024 * 1024
#: Local copies of folders that are kept beside each other.
_COPIES = 4


class RemoteStore:
    """An ``ArtifactStore`` behind fsspec.

    Args:
        url: Where it is, e.g. ``s3://bucket/folder``; the driver finds its credentials by its own rules.

    Raises:
        SettingsError: There is no driver for the URL.
    """

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise SettingsError(f"PARLEY_ARTIFACTS_URL: no driver for {url.partition(':')[0]}://: {error}") from None

    def put_folder(self, key: str, local: Path) -> None:
        """Store a copy of a flat directory; see ``ArtifactStore``."""
        path = self._path(key)
        with _reaching():
            if self._files.exists(path + _INDEX):
                return
            index = {file.name: FileEntry.of(file) for file in sorted(local.iterdir())}
            for name in index:
                self._files.put_file(str(local / name), f"{path}/{name}")
            self._files.pipe_file(path + _INDEX, _Index.dump_json(index))

    def fetch_folder(self, key: str, cache: Path) -> Path:
        """A copy below ``cache``, fetched once and verified; see ``ArtifactStore``."""
        path, target = self._path(key), cache / key
        with suppress(FileNotFoundError):  # not fetched yet, or forgotten by another thread
            os.utime(target)
            return target
        with _finding(key):
            index = _Index.validate_json(self._files.cat_file(path + _INDEX))
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch:
                partial = Path(scratch) / "folder"
                partial.mkdir()
                for name, entry in index.items():
                    self._files.get_file(f"{path}/{name}", str(partial / name))
                    if FileEntry.of(partial / name) != entry:
                        raise BrokenArtifact(f"{name} of {key} did not arrive as it was stored")
                if not target.is_dir():  # another thread may have fetched the same meanwhile
                    partial.rename(target)
        _forget_unused(target.parent)
        return target

    def put_stream(self, key: str, chunks: Iterable[bytes], limit: int) -> Stored:
        """Store a file from its pieces, by way of a local one; see ``ArtifactStore``."""
        path, intake = self._path(key), Intake(limit)
        with _reaching(), tempfile.NamedTemporaryFile() as file:
            file.writelines(intake.pass_on(chunks))
            file.flush()
            self._files.put_file(file.name, path)
        return intake.stored()

    def open(self, key: str) -> BinaryIO:
        """The content of a file; see ``ArtifactStore``."""
        path = self._path(key)
        with _finding(key):
            return io.BufferedReader(_Content(self._files.open(path, "rb")), _CHUNK_BYTES)

    def exists(self, key: str) -> bool:
        """Whether a file or a whole folder is stored under the key."""
        path = self._path(key)
        with _reaching():
            return bool(self._files.exists(path + _INDEX) or self._files.isfile(path))

    def delete(self, key: str) -> None:
        """Remove what is stored under the key and below it; the mark of completeness goes first."""
        path = self._path(key)
        with _reaching():
            for place in (path + _INDEX, path):
                if self._files.exists(place):
                    self._files.rm(place, recursive=True)

    def _path(self, key: str) -> str:
        return f"{self._root}/{checked(key)}"


class _Content(io.RawIOBase):
    """A file read from afar. The drivers' own file objects lack parts of Python's, such as a limit of ``readline``."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fetch as much as there is room for, or what is left."""
        with _reaching():
            data: bytes = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        super().close()


def _forget_unused(folder: Path) -> None:
    """Remove all copies but those used last: a process that lives long meets many models, and needs few of them again."""
    copies = sorted((copy for copy in folder.iterdir() if copy.name[0] != "."), key=_used_at, reverse=True)
    for copy in copies[_COPIES:]:
        shutil.rmtree(copy, ignore_errors=True)


def _used_at(copy: Path) -> float:
    try:
        return copy.stat().st_mtime
    except FileNotFoundError:  # another thread was faster
        return 0.0


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except ParleyError:
        raise
    except Exception as error:  # every driver has errors of its own
        if is_disk_full(error):
            raise StorageFull("the disk for files on their way to or from the artifact store is full") from error
        raise Unavailable(f"the artifact store did not answer: {error}") from error


@contextmanager
def _finding(key: str) -> Iterator[None]:
    with _reaching():
        try:
            yield
        except FileNotFoundError:
            raise NotFound(f"nothing is stored under {key}") from None
