"""A watched folder: files of JSON Lines and CSV, read on from where the last look ended."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.monitoring.connectors import json_items
from services.monitoring.connectors.fetched import MAX_ITEMS, Fetched, Reach, Refused
from shared.contracts.monitoring.streams import FolderSource
from shared.errors import InvalidInput, Unavailable

#: Files that are looked at, and the bytes of one by its kind: a table is read whole.
_MAX_FILES = 1_000
_MAX_BYTES = {".jsonl": 1024 * 1024 * 1024, ".csv": 32 * 1024 * 1024}
#: Bytes that one look reads of a file, and characters of a CSV field.
_PIECE = 16 * 1024 * 1024
_MAX_FIELD = 1024 * 1024
#: Seconds without a change after which a file counts as written to its end.
_SETTLED = 5.0
_SHOWN = 300


@contextmanager
def fetch_folder(setting: FolderSource, cursor: Mapping[str, Any], reach: Reach, now: float) -> Iterator[Fetched]:
    """What files have grown by. The cursor has of each file how far it was read; a file that became shorter is read anew.

    Raises:
        InvalidInput: The operator has opened no root, or the folder leads out of it.
        Unavailable: The folder cannot be read.
    """
    found = Fetched({})
    seen: dict[str, Any] = {}
    try:
        for file in _files(_inside(setting, reach.folder)):
            before = cursor.get(file.name)
            seen[file.name] = _read(file, setting, before if isinstance(before, dict) else {}, found, now)
    except OSError as error:
        raise Unavailable(f"The folder cannot be read ({error.strerror or type(error).__name__}).") from error
    found.cursor = seen
    yield found


def _inside(setting: FolderSource, root: Path | None) -> Path:
    if root is None:
        raise InvalidInput("No folder may be watched until the operator opens one: PARLEY_SOURCE_FOLDER.")
    # Links are followed first: where they lead is what counts.
    folder, opened = (root / setting.folder).resolve(), root.resolve()
    if not folder.is_relative_to(opened):
        raise InvalidInput("The folder leads out of the one that the operator has opened (PARLEY_SOURCE_FOLDER).")
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {setting.folder!r} in the one that the operator has opened.")
    return folder


def _files(folder: Path) -> list[Path]:
    named = sorted(one for one in folder.iterdir() if one.suffix.lower() in _MAX_BYTES and not one.name.startswith("."))
    return [one for one in named if one.is_file() and not one.is_symlink()][:_MAX_FILES]


def _read(file: Path, setting: FolderSource, before: Mapping[str, Any], found: Fetched, now: float) -> dict[str, Any]:
    """Read on; returns how far it came, as the cursor keeps it."""
    stat, kind = file.stat(), file.suffix.lower()
    if before.get("inode") != stat.st_ino or stat.st_size < int(before.get("at", 0)):
        before = {"inode": stat.st_ino}  # another file under the same name
    if stat.st_size > _MAX_BYTES[kind]:
        if "at" not in before:
            found.refused.append(Refused(file.name, f"The file is larger than {_MAX_BYTES[kind]} bytes; split it.", ""))
        return {**before, "at": stat.st_size}
    if len(found.items) >= MAX_ITEMS or stat.st_size == before.get("at"):
        return dict(before)
    read = _read_lines if kind == ".jsonl" else _read_table
    return {**before, **read(file, setting, before, found, now - stat.st_mtime >= _SETTLED)}


def _read_lines(
    file: Path, setting: FolderSource, before: Mapping[str, Any], found: Fetched, is_settled: bool
) -> dict[str, Any]:
    at, line = int(before.get("at", 0)), int(before.get("line", 0))
    with file.open("rb") as opened:
        opened.seek(at)
        piece = opened.read(_PIECE)
        is_all = opened.tell() == os.fstat(opened.fileno()).st_size
    lines = piece.splitlines(keepends=True)
    for number, raw in enumerate(lines):
        is_whole = raw.endswith(b"\n") or (is_settled and is_all) or (len(lines) == 1 and len(piece) == _PIECE)
        if (number == len(lines) - 1 and not is_whole) or len(found.items) >= MAX_ITEMS:
            break  # it is still being written, or left for the next look
        at += len(raw)
        line += 1
        if raw.strip():
            _take(f"{file.name}, line {line}", raw, setting, found)
    return {"at": at, "line": line}


def _take(place: str, raw: bytes, setting: FolderSource, found: Fetched) -> None:
    try:
        document = json_items.parsed(raw.removeprefix(b"\xef\xbb\xbf"))
        (item,) = json_items.items_of([document], "", setting.fields)
    except InvalidInput as error:
        found.refused.append(Refused(place, error.message, _shown(raw)))
        return
    if not isinstance(document, dict):
        found.refused.append(Refused(place, "It is no JSON object.", _shown(raw)))
        return
    found.items.append((place, item))


def _shown(raw: bytes) -> str:
    return raw[:_SHOWN].decode("utf-8", "replace").strip()


def _read_table(
    file: Path, setting: FolderSource, before: Mapping[str, Any], found: Fetched, is_settled: bool
) -> dict[str, Any]:
    """A row may span lines, so that a table is read from its beginning; rows that were passed on before are left out."""
    if not is_settled:
        return {}
    content = file.read_bytes()
    done, row = int(before.get("rows", 0)), 0
    csv.field_size_limit(_MAX_FIELD)
    table = csv.DictReader(io.StringIO(content.decode("utf-8-sig", "replace"), newline=""))
    try:
        for row, fields in enumerate(table, start=1):
            if row <= done:
                continue
            if len(found.items) >= MAX_ITEMS:
                return {"at": 0, "rows": row - 1}
            (item,) = json_items.items_of([fields], "", setting.fields)
            found.items.append((f"{file.name}, row {row}", item))
    except csv.Error as error:
        found.refused.append(
            Refused(f"{file.name}, row {row + 1}", f"It is no CSV: {error}; what follows is left.", "")
        )
    return {"at": len(content), "rows": row}
