"""Reads what wandb wrote offline. (Its own reader is no longer a part of its Python package.)"""

from __future__ import annotations

import json
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]  # it is chosen by the version of protobuf


def records(archive: Path) -> list[Any]:
    """The records of the run in a packed folder of wandb."""
    with tarfile.open(archive) as tar:
        (name,) = (name for name in tar.getnames() if name.endswith(".wandb"))
        file = tar.extractfile(name)
        assert file is not None
        return [Record.FromString(record) for record in _records(file.read())]


def history(archive: Path) -> list[dict[str, Any]]:
    """The figures of a run of wandb, by step."""
    found = [record.history for record in records(archive) if record.WhichOneof("record_type") == "history"]
    return [{".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in one.item} for one in found]


def _records(content: bytes) -> Iterator[bytes]:
    """Of a log as LevelDB writes it: blocks of 32 KiB, records in up to four kinds of pieces, behind a head of 7 bytes."""
    block, place, record = 32768, 7, b""
    while place + 7 <= len(content):
        left = block - place % block
        if left < 7:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        record += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            yield record
            record = b""
