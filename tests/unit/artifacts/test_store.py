"""The artifact store: the same promises on a local disk and behind fsspec."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from shared.artifacts.store import ArtifactStore, open_store
from shared.errors import BrokenArtifact, InvalidInput, NotFound, SettingsError, StorageFull, Unavailable


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"file://{tmp_path}/store" if request.param == "file" else f"memory://{uuid4().hex}"


@pytest.fixture
def store(url: str) -> ArtifactStore:
    return open_store(url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"\0\1" * 5000)
    (folder / "state.json").write_text("{}")
    return folder


def test_a_stream_comes_back_byte_for_byte(store: ArtifactStore) -> None:
    stored = store.put_stream("files/file-1", [b"hello ", b"", b"world"], 11)
    assert stored == (11, hashlib.sha256(b"hello world").hexdigest())
    assert store.exists("files/file-1")
    with store.open("files/file-1") as file:
        assert file.read() == b"hello world"


def test_a_stream_over_the_limit_leaves_nothing(store: ArtifactStore) -> None:
    with pytest.raises(InvalidInput, match="larger than 10 bytes") as caught:
        store.put_stream("files/file-1", [b"hello ", b"world"], 10)
    assert caught.value.code == "file_too_large"
    assert not store.exists("files/file-1")


def test_a_stream_that_breaks_off_leaves_nothing(store: ArtifactStore, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises((ConnectionError, Unavailable)):
        store.put_stream("files/file-1", broken(), 100)
    assert not store.exists("files/file-1")
    assert list((tmp_path / "store").rglob(".*")) == []


def test_a_folder_comes_back_whole(store: ArtifactStore, folder: Path, tmp_path: Path) -> None:
    store.put_folder("models/ft:minilm:parley::x1", folder)
    assert store.exists("models/ft:minilm:parley::x1")
    for _ in range(2):  # the second time from the cache
        fetched = store.fetch_folder("models/ft:minilm:parley::x1", tmp_path / "cache")
        assert {file.name: file.read_bytes() for file in fetched.iterdir()} == {
            file.name: file.read_bytes() for file in folder.iterdir()
        }


def test_what_is_stored_does_not_change(store: ArtifactStore, folder: Path, tmp_path: Path) -> None:
    store.put_folder("models/m", folder)
    (folder / "state.json").write_text("changed")
    store.put_folder("models/m", folder)
    assert (store.fetch_folder("models/m", tmp_path / "cache") / "state.json").read_text() == "{}"


def test_deleted_things_are_gone(store: ArtifactStore, folder: Path, tmp_path: Path) -> None:
    store.put_folder("jobs/j/checkpoints/4", folder)
    store.put_stream("jobs/j/log", [b"x"], 1)
    store.delete("jobs/j")
    store.delete("jobs/j")
    assert not store.exists("jobs/j/log")
    with pytest.raises(NotFound):
        store.open("jobs/j/log")
    with pytest.raises(NotFound):
        store.fetch_folder("jobs/j/checkpoints/4", tmp_path / "cache")


def test_a_damaged_remote_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    url = f"memory://{uuid4().hex}"
    store = open_store(url)
    store.put_folder("models/m", folder)
    files, root = fsspec.url_to_fs(url)
    files.pipe_file(f"{root}/models/m/state.json", b"[]")
    with pytest.raises(BrokenArtifact, match=r"state\.json"):
        store.fetch_folder("models/m", tmp_path / "cache")
    assert not (tmp_path / "cache" / "models" / "m").exists()


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "models/..", "models//x", ".hidden", "a\\b", "a b", "files/é"]
)
def test_keys_cannot_lead_elsewhere(store: ArtifactStore, key: str) -> None:
    with pytest.raises(InvalidInput, match="no artifact key"):
        store.open(key)


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="cannot be written"):
        open_store(f"file://{tmp_path}/occupied").put_stream("files/x", [b"x"], 1)


def test_a_full_disk_is_told_and_nothing_is_left_of_what_came(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"half")

    with pytest.raises(StorageFull, match="disk of the artifact store is full"):
        open_store(f"file://{tmp_path}").put_stream("files/x", chunks(), 100)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_only_the_copies_used_last_are_kept(folder: Path, tmp_path: Path) -> None:
    store, cache = open_store(f"memory://{uuid4().hex}"), tmp_path / "cache"
    for number in range(6):
        store.put_folder(f"models/{number}", folder)
        fetched = store.fetch_folder(f"models/{number}", cache)
        os.utime(fetched, (number, number))
        if number == 4:
            store.fetch_folder("models/1", cache)
    assert sorted(copy.name for copy in (cache / "models").iterdir()) == ["1", "3", "4", "5"]
    assert store.fetch_folder("models/0", cache).is_dir(), "it comes again"


class DriverError(Exception):
    """Such as botocore's, which are no ``OSError``."""


class Away(MemoryFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """A bucket behind a network that is down."""

    protocol = "away"

    def _refuse(self, *_arguments: object, **_options: object) -> None:
        raise DriverError("Could not connect to the endpoint")

    exists = isfile = put_file = cat_file = pipe_file = _refuse


class NoBucket(Away):
    """What s3fs says of a bucket that is not there."""

    protocol = "nobucket"

    def _refuse(self, *_arguments: object, **_options: object) -> None:
        raise FileNotFoundError("The specified bucket does not exist")

    put_file = _refuse


@pytest.mark.parametrize(("system", "reason"), [(Away, "Could not connect"), (NoBucket, "bucket does not exist")])
def test_a_remote_store_that_cannot_be_written_is_told(system: type[Away], reason: str) -> None:
    fsspec.register_implementation(system.protocol, system, clobber=True)
    with pytest.raises(Unavailable, match=reason):
        open_store(f"{system.protocol}://bucket").put_stream("files/x", [b"x"], 1)


def test_a_remote_store_that_is_away_is_told(tmp_path: Path) -> None:
    fsspec.register_implementation(Away.protocol, Away, clobber=True)
    store = open_store("away://bucket")
    with pytest.raises(Unavailable, match="Could not connect"):
        store.fetch_folder("models/x", tmp_path)
    with pytest.raises(Unavailable, match="Could not connect"):
        store.exists("files/x")


@pytest.mark.parametrize("url", ["artifacts", "nosuch://bucket"])
def test_a_wrong_url_is_a_settings_error(url: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_ARTIFACTS_URL"):
        open_store(url)
