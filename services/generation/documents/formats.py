"""Which reader a file has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Literal

from services.generation.documents.document import Document, Unreadable
from services.generation.documents.plain import read_table, read_text

Foreign = Literal["html", "pdf", "docx"]
"""Formats whose readers run in a process of their own: what a stranger has made may keep them busy, or eat up memory."""

_FOREIGN: Mapping[str, Foreign] = {".html": "html", ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".docx": "docx"}
_OURS: Mapping[str, Callable[[bytes], Document]] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_text,
    ".markdown": read_text,
    ".csv": read_table,
    ".tsv": read_table,
}
_KNOWN = "text, Markdown, HTML, PDF, .docx and CSV"


def format_of(filename: str, head: bytes) -> Foreign | Callable[[bytes], Document]:
    """The reader of a file, or the name of one that runs elsewhere: by the ending of its name, else by its first bytes.

    Raises:
        Unreadable: There is none.
    """
    suffix = PurePath(filename).suffix.lower()
    if head.startswith(b"%PDF-"):
        return "pdf"
    if suffix in _FOREIGN:
        return _FOREIGN[suffix]
    if suffix in _OURS:
        return _OURS[suffix]
    if not suffix and head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    if suffix:
        raise Unreadable(f"Files of the kind {suffix!r} cannot be read; send {_KNOWN}.", "unsupported_file")
    return read_text
