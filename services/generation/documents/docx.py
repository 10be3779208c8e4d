"""Word documents: paragraphs and tables in their order."""

from __future__ import annotations

import zipfile
from io import BytesIO

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from lxml.etree import LxmlError

from services.generation.documents.document import Document, Unreadable

#: Bytes that the parts of a document may unpack to.
_MAX_UNPACKED = 256 * 1024 * 1024
_BROKEN = "The Word document is broken; save it anew as .docx."


def read_docx(data: bytes) -> Document:
    """The text, a line for each paragraph and each row of a table.

    Raises:
        Unreadable: It is broken, encrypted, or unpacks to too much.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("The Word document is encrypted, or of an old format; save it without a password as .docx.")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > _MAX_UNPACKED:
            raise Unreadable(f"The Word document unpacks to {size:,} bytes; {_MAX_UNPACKED:,} are allowed.")
        document = docx.Document(BytesIO(data))
        lines: list[str] = []
        for item in document.iter_inner_content():
            if isinstance(item, Table):
                lines += [" | ".join(cell.text.strip() for cell in row.cells) for row in item.rows]
            else:
                lines.append(item.text)
    except (PackageNotFoundError, zipfile.BadZipFile, LxmlError, KeyError, ValueError, OSError) as error:
        raise Unreadable(_BROKEN) from error
    return Document.of("\n".join(lines))
