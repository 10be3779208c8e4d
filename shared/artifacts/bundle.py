"""A model bundle on disk: a flat directory that its manifest describes file by file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from shared.artifacts.manifest import FP32_MODEL, MANIFEST, TOKENIZER, FileEntry, Manifest
from shared.errors import BrokenArtifact


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files were all found to be what its manifest says."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path) -> Bundle:
        """Read the manifest and verify every file's size and hash.

        Raises:
            BrokenArtifact: No manifest, one of an unknown version, or files that are missing, foreign, links or changed.
        """
        manifest = _read_manifest(folder)
        _check_names(folder, manifest)
        for name, entry in manifest.files.items():
            if _entry(folder / name) != entry:
                raise BrokenArtifact(f"{name} in {folder.name} is not what the manifest says; publish the model again")
        return cls(folder, manifest)

    def path(self, name: str) -> Path:
        """The file ``name``.

        Raises:
            BrokenArtifact: The bundle has no such file.
        """
        if name not in self.manifest.files:
            raise BrokenArtifact(f"the bundle of {self.manifest.model_id} has no {name}")
        return self.folder / name

    def served(self, *, on_gpu: bool) -> Path:
        """The graph that is opened: on a GPU none of int8, since that would run on the CPU.

        Raises:
            BrokenArtifact: The bundle has no such file.
        """
        return self.path(self.manifest.gpu_file if on_gpu else self.manifest.served_file)


def write_bundle(folder: Path, manifest: Manifest) -> Bundle:
    """Make a bundle of the files that lie in ``folder``: hash them, write the manifest last.

    Args:
        folder: A directory that holds exactly the files of the bundle.
        manifest: Everything but ``files``, which is filled in here.

    Raises:
        BrokenArtifact: The folder holds a directory or link, or lacks a file that the manifest counts on.
    """
    names = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST)
    complete = manifest.model_copy(update={"files": {name: _entry(folder / name) for name in names}})
    _check_names(folder, complete)
    partial = folder / f".{MANIFEST}"
    partial.write_text(complete.model_dump_json(indent=2), encoding="utf-8")
    partial.replace(folder / MANIFEST)
    return Bundle(folder, complete)


def _read_manifest(folder: Path) -> Manifest:
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise BrokenArtifact(f"{folder.name} is no bundle: it has no {MANIFEST}") from None
    except UnicodeDecodeError:
        raise BrokenArtifact(f"{MANIFEST} of {folder.name} is not text") from None
    try:
        version = json.loads(text).get("format_version")
        if version != 1:
            raise BrokenArtifact(f"{folder.name} has bundle format {version!r}, this Parley reads 1; update Parley")
        return Manifest.model_validate_json(text)
    except (ValidationError, ValueError, AttributeError, RecursionError) as error:
        raise BrokenArtifact(f"{MANIFEST} of {folder.name} cannot be read: {error}") from None


def _check_names(folder: Path, manifest: Manifest) -> None:
    present = {path.name for path in folder.iterdir()} - {MANIFEST}
    foreign, missing = present - manifest.files.keys(), manifest.files.keys() - present
    missing |= {TOKENIZER, manifest.served_file} - manifest.files.keys()
    if manifest.gpu_file != FP32_MODEL:  # nobody missed that one before there were others
        missing |= {manifest.gpu_file} - manifest.files.keys()
    if foreign:
        raise BrokenArtifact(f"{folder.name} holds files that its manifest does not name: {', '.join(sorted(foreign))}")
    if missing:
        raise BrokenArtifact(f"{folder.name} lacks {', '.join(sorted(missing))}")


def _entry(path: Path) -> FileEntry:
    if path.is_symlink() or not path.is_file():
        raise BrokenArtifact(f"{path.name} in {path.parent.name} is no regular file; a bundle holds nothing else")
    return FileEntry.of(path)
