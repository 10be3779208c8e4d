"""Feeds and lists of JSON over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

from services.monitoring.connectors import feeds, json_items
from services.monitoring.connectors.fetched import Fetched, Reach
from shared.contracts.monitoring.streams import FeedSource, JsonSource
from shared.errors import InvalidInput, Unavailable
from shared.outbound.client import OutboundClient, OutboundResponse

#: Seconds that one answer may take, and its bytes.
_TIMEOUT = 20.0
_MAX_BYTES = 10 * 1024 * 1024
_MAX_PAGES = 20
_REDIRECTS = 5
_NOT_MODIFIED = 304


@contextmanager
def fetch_feed(setting: FeedSource, cursor: Mapping[str, Any], reach: Reach, now: float) -> Iterator[Fetched]:
    """The items of a feed; none if the server says that nothing has changed."""
    del now
    asked = {"If-None-Match": cursor.get("etag"), "If-Modified-Since": cursor.get("modified")}
    reply = _get(reach.client, setting.url, {name: value for name, value in asked.items() if value})
    if reply.status == _NOT_MODIFIED:
        yield Fetched(cursor)
        return
    seen = {"etag": reply.headers.get("etag", "")[:500], "modified": reply.headers.get("last-modified", "")[:100]}
    found = feeds.items_of(reply.body, reply.headers.get("content-type", ""))
    yield Fetched(seen, [(f"item {number}", item) for number, item in enumerate(found, start=1)])


@contextmanager
def fetch_json(setting: JsonSource, cursor: Mapping[str, Any], reach: Reach, now: float) -> Iterator[Fetched]:
    """The objects of all pages."""
    del cursor, now
    found, url = Fetched({}), setting.url
    for page in range(1, _MAX_PAGES + 1):
        document = json_items.parsed(_get(reach.client, url, {}).body)
        items = json_items.items_of(document, setting.items, setting.fields)
        found.items += [(f"page {page}, item {number}", item) for number, item in enumerate(items, start=1)]
        onward = json_items.at(document, setting.next) if setting.next else None
        if not isinstance(onward, str) or not onward:
            break
        url = urljoin(url, onward)
    yield found


def _get(client: OutboundClient, url: str, headers: Mapping[str, str]) -> OutboundResponse:
    sent = {"User-Agent": "Parley", "Accept-Encoding": "identity", **headers}
    reply = client.send(
        "GET", url, headers=sent, timeout=_TIMEOUT, max_bytes=_MAX_BYTES, redirects=_REDIRECTS, plain_http=True
    )
    if reply.truncated:
        raise InvalidInput(f"What came is longer than {_MAX_BYTES} bytes.")
    if reply.status not in (200, _NOT_MODIFIED):
        raise Unavailable(f"The server answered {reply.status}.")
    return reply
