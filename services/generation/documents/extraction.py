"""From the bytes of a file to its text; what a stranger has made is read by a process that can be ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import BinaryIO

from services.generation.documents.document import Document, Unreadable
from services.generation.documents.formats import Foreign, format_of

#: Seconds that reading a file may take.
TIMEOUT = 90.0
#: Seconds between two signs of life.
PAUSE = 2.0
_HEAD = 1024


def extract(
    filename: str, file: BinaryIO, alive: Callable[[], None], *, timeout: float = TIMEOUT, pause: float = PAUSE
) -> Document:
    """The text of a file.

    Args:
        filename: Its name, whose ending says what it is.
        file: Its bytes, from the start; one of the system's, whose bytes are all written.
        alive: Is called every few seconds meanwhile; what it raises ends the reading.
        timeout: Seconds that it may take.
        pause: Seconds between two calls of ``alive``.

    Raises:
        Unreadable: It is broken, encrypted, empty, of a kind that is not known, or would take too long.
    """
    kind = format_of(filename, file.read(_HEAD))
    file.seek(0)
    if isinstance(kind, str):
        return _extract_elsewhere(kind, file, alive, timeout, pause)
    return kind(file.read())


def _extract_elsewhere(
    kind: Foreign, file: BinaryIO, alive: Callable[[], None], timeout: float, pause: float
) -> Document:
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # a seek within its buffer would not move what the child reads from
    with TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.generation.documents.child", kind],
            stdin=file,
            stdout=output,
            stderr=subprocess.DEVNULL,
        )
        try:
            code = _wait(process, alive, timeout, pause)
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        return _document(code, output.read())


def _wait(process: subprocess.Popen[bytes], alive: Callable[[], None], timeout: float, pause: float) -> int:
    until = time.monotonic() + timeout
    while True:
        try:
            return process.wait(min(pause, max(until - time.monotonic(), 0.01)))
        except subprocess.TimeoutExpired:
            if time.monotonic() >= until:
                raise Unreadable(f"The file takes longer than {timeout:.0f} s to be read; split it.") from None
            alive()


def _document(code: int, output: bytes) -> Document:
    if code:
        # Killed for its processor time, or memory ran out where Python could not tell.
        raise Unreadable("The file could not be read within the limits of time and memory; it is broken or too large.")
    told = json.loads(output)
    if "code" in told:
        raise Unreadable(told["message"], told["code"])
    return Document(told["text"], tuple(told["breaks"]))
