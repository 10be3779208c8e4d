"""``python -m services.generation.media.child KIND OPTIONS < FILE``: reads one picture or sound that a stranger has made, within limits.

Writes JSON objects, one a line: what it finds as it finds it, then ``{"end": …}``, or ``{"code", "message"}`` of what is wrong.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

from services.generation.media.unreadable import Unreadable

#: Bytes of memory.
MEMORY = 8 * 1024**3


def told(kind: str, options: dict[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    """What is written, line by line."""
    try:
        if kind == "picture":
            from services.generation.media.pictures import read_picture

            yield {"end": read_picture(data)}
        else:
            from services.generation.media.sounds import read_sound

            yield from read_sound(data, options)
    except Unreadable as error:
        yield {"code": error.code, "message": error.message}
    except MemoryError:
        yield {"code": "invalid_file", "message": "The file needs more memory than it may have; make it smaller."}


def limit_resources(seconds: int) -> None:
    """From here on this process can harm nobody else."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    chosen = json.loads(sys.argv[2])
    limit_resources(int(chosen.pop("processor_seconds")))
    for line in told(sys.argv[1], chosen, sys.stdin.buffer.read()):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
