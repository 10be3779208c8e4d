"""Origins of pages, written as browsers write them."""

from __future__ import annotations

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical_origin(text: str) -> str:
    """``https://shop.example`` of whatever way it was written.

    Raises:
        ValueError: It is no origin; the message says what one looks like.
    """
    try:
        parts = urlsplit(text.strip().lower())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.username or parts.path.strip("/") or parts.query:
        raise ValueError(f"{text!r} is no origin; write scheme and host, e.g. 'https://shop.example'")
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, _DEFAULT_PORTS[parts.scheme]) else "")
