"""PDF: the text of its pages."""

from __future__ import annotations

import logging
from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

from services.generation.documents.document import MAX_CHARACTERS, Document, Unreadable

#: Pages of a file.
_MAX_PAGES = 5_000
_ENCRYPTED = "The PDF is encrypted; save it without a password."


def read_pdf(data: bytes) -> Document:
    """The text of all pages.

    Raises:
        Unreadable: It is broken or encrypted, or holds pictures of text alone.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of every oddity of every page
    try:
        pages = _pages(data)
    except (DependencyError, FileNotDecryptedError) as error:
        raise Unreadable(_ENCRYPTED) from error
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, OSError) as error:
        raise Unreadable("The PDF is broken; print it into a new one.") from error
    if not any(page.strip() for page in pages):
        raise Unreadable("The PDF has no text, only pictures; run it through text recognition first.")
    return Document.of("\n\n".join(pages))


def _pages(data: bytes) -> list[str]:
    reader = PdfReader(BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable(_ENCRYPTED)
    if len(reader.pages) > _MAX_PAGES:
        raise Unreadable(f"The PDF has {len(reader.pages)} pages; {_MAX_PAGES} are allowed. Split it.")
    pages: list[str] = []
    characters = 0
    for page in reader.pages:
        pages.append(page.extract_text())
        characters += len(pages[-1])
        if characters > MAX_CHARACTERS:
            break  # it is refused for its length
    return pages
