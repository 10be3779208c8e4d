"""The words of a mail that is HTML alone, without what mail programs mark as quoted."""

from __future__ import annotations

from html.parser import HTMLParser

_HIDDEN = frozenset(("script", "style", "head", "title", "template", "blockquote"))
_BLOCKS = frozenset(("p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "hr"))
#: Quotes and signatures of Gmail, Yahoo, Thunderbird, Proton, Zoho.
_QUOTES = frozenset(
    (
        "gmail_quote",
        "gmail_signature",
        "yahoo_quoted",
        "moz-cite-prefix",
        "moz-signature",
        "protonmail_quote",
        "zmail_extra",
    )
)
#: What stands before a quote that nothing encloses: Outlook, iOS Outlook, NetEase.
_ENDS = frozenset(
    ("divrplyfwdmsg", "appendonsend", "reply-intro", "isreplycontent", "mail-editor-reference-message-container")
)
_VOID = frozenset(
    ("br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr")
)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden_by: str | None = None
        self._depth = 0
        self._has_ended = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._has_ended or (self._hidden_by is not None and tag != self._hidden_by):
            return
        if self._hidden_by is not None:
            self._depth += 1
            return
        named = {name: (value or "").lower() for name, value in attrs}
        if named.get("id") in _ENDS:
            self._has_ended = True
        elif tag not in _VOID and (tag in _HIDDEN or _QUOTES & set(named.get("class", "").split())):
            self._hidden_by, self._depth = tag, 1
        elif tag in _BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden_by is None:
            if tag in _BLOCKS and not self._has_ended:
                self.found.append("\n")
        elif tag == self._hidden_by:
            self._depth -= 1
            if self._depth == 0:
                self._hidden_by = None

    def handle_data(self, data: str) -> None:
        if self._hidden_by is None and not self._has_ended:
            self.found.append(" ".join(data.split()) if not data.isspace() else " ")


def words(html: str) -> str:
    """Its text, a block a line."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.found).split("\n"))
    return "\n".join(line for line in lines if line)
