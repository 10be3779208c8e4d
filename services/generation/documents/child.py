"""``python -m services.generation.documents.child FORMAT < FILE``: reads one file that a stranger has made, within limits.

Writes one JSON object: ``{"text", "breaks"}``, or ``{"code", "message"}`` of what is wrong.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from services.generation.documents.document import Document, Unreadable

#: Bytes of memory, seconds of one processor, and bytes that it may write.
MEMORY = 2 * 1024**3
PROCESSOR_SECONDS = 60
OUTPUT = 128 * 1024**2


def read(kind: str, data: bytes) -> Document:
    """The text of a file.

    Raises:
        Unreadable: There is none.
    """
    if kind == "pdf":
        from services.generation.documents.pdf import read_pdf as reader
    elif kind == "docx":
        from services.generation.documents.docx import read_docx as reader
    else:
        from services.generation.documents.html import read_html as reader
    return reader(data)


def told(kind: str, data: bytes) -> dict[str, Any]:
    """What is written: the document, or what is wrong with it."""
    try:
        document = read(kind, data)
    except Unreadable as error:
        return {"code": error.code, "message": error.message}
    except RecursionError:
        return {"code": "invalid_file", "message": "The file nests its parts too deeply to be read."}
    except MemoryError:
        return {"code": "invalid_file", "message": "The file needs more memory than it may have; split it."}
    return {"text": document.text, "breaks": document.breaks}


def limit_resources() -> None:
    """From here on this process can harm nobody else."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    limit_resources()
    sys.stdout.write(json.dumps(told(sys.argv[1], sys.stdin.buffer.read())))
