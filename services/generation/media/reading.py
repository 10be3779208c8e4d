"""Runs the process that reads a file, and gives on what it tells."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from tempfile import TemporaryFile
from threading import Timer
from typing import Any, BinaryIO

from services.generation.media.unreadable import Unreadable

#: Seconds of one processor that may be used for each second of a clock: a model has several threads.
_PROCESSORS = 4
#: Bytes that are copied at once.
_PIECE = 1024 * 1024


def reading(
    kind: str, file: BinaryIO, options: Mapping[str, Any], *, seconds: float, limit: int
) -> Iterator[dict[str, Any]]:
    """What is found in a file, as it is found; the last one holds ``end``.

    Args:
        kind: ``picture`` or ``sound``.
        file: Its bytes.
        options: For the reader.
        seconds: That it may take.
        limit: Bytes that the file may have.

    Raises:
        Unreadable: It is broken, of another kind, too large, or takes too long.
    """
    wanted = json.dumps({**options, "processor_seconds": int(seconds * _PROCESSORS)})
    with TemporaryFile() as copy:
        _copied(file, copy, limit)
        process = subprocess.Popen(
            [sys.executable, "-m", "services.generation.media.child", kind, wanted],
            stdin=copy,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        timer = Timer(seconds, process.kill)
        timer.start()
        try:
            yield from _told(process, seconds)
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _copied(file: BinaryIO, copy: Any, limit: int) -> None:
    taken = 0
    while piece := file.read(_PIECE):
        taken += len(piece)
        if taken > limit:
            raise Unreadable(f"The file has more than {limit // 1024 // 1024} MiB; make it smaller.", "file_too_large")
        copy.write(piece)
    copy.seek(0)


def _told(process: subprocess.Popen[bytes], seconds: float) -> Iterator[dict[str, Any]]:
    for line in process.stdout or ():
        told = json.loads(line)
        if "code" in told:
            raise Unreadable(told["message"], told["code"])
        yield told
        if "end" in told:
            return
    raise Unreadable(
        f"The file could not be read within {seconds:.0f} s and the limits of memory; it is broken or too large."
    )
