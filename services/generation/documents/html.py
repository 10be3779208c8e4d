"""HTML: the words that a reader sees, a line for each block."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from services.generation.documents.document import Document

#: What begins a line of its own.
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "caption",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
#: What nobody reads, or what stands on every page alike.
_UNREAD = ["script", "style", "noscript", "template", "svg", "nav", "iframe", "object", "head"]


def read_html(data: bytes) -> Document:
    """The text of a page, its title first.

    Raises:
        Unreadable: It has none.
    """
    page = LexborHTMLParser(data)
    heading = page.css_first("title")
    title = heading.text().strip() if heading is not None else ""
    page.strip_tags(_UNREAD)
    pieces = [title, "\n"]
    for node in page.root.traverse(include_text=True) if page.root is not None else ():
        if node.is_text_node:
            pieces.append(" ".join((node.text_content or "").split(" ")).replace("\n", " "))
        elif node.tag in _BLOCKS:
            pieces.append("\n")
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return Document.of("\n".join(line for line in lines if line))
