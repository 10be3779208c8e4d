"""RSS and Atom, as bytes came. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

import feedparser

from shared.errors import InvalidInput

#: Items of one fetch.
_MAX_ITEMS = 5_000


def items_of(body: bytes, content_type: str) -> Iterator[Mapping[str, object]]:
    """The items of a feed. Of a broken one what can be read.

    Dates are handed on as they are written: feedparser takes "CST" for Chicago and drops the time of Chinese ones.

    Raises:
        InvalidInput: It is no feed.
    """
    # Never the bytes themselves: what looks like a path or an address would be opened.
    found = feedparser.parse(io.BytesIO(body), response_headers={"content-type": content_type}, sanitize_html=True)
    if not found.entries and (found.bozo or not found.get("version")):
        why = type(found.bozo_exception).__name__ if found.bozo else "no RSS and no Atom"
        raise InvalidInput(f"What came is no feed ({why}).")
    title = found.feed.get("title", "")
    for entry in found.entries[:_MAX_ITEMS]:
        content = entry.get("content") or [{}]
        yield {
            "id": entry.get("id"),
            "title": entry.get("title"),
            "text": content[0].get("value") or entry.get("summary"),
            "url": entry.get("link"),
            "author": entry.get("author"),
            "published_at": entry.get("published") or entry.get("updated"),
            "lang": content[0].get("language") or found.feed.get("language"),
            "source": title,
        }
