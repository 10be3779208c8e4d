"""Server-sent events: how a payload is framed, and how an answer is cut into pieces."""

from __future__ import annotations

import re

from pydantic import BaseModel

MEDIA_TYPE = "text/event-stream"
#: Proxies must neither keep nor collect what is meant to be seen at once.
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
DONE = b"data: [DONE]\n\n"
#: A comment; clients ignore it, and proxies see that the connection lives.
KEEP_ALIVE = b": keep-alive\n\n"

#: A word with the blanks before it, a Chinese, Japanese or Korean character, or the blanks at the end.
_PIECE = re.compile(
    r"\s*(?:[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+)|\s+"
)


def frame(payload: BaseModel, *, event: str | None = None, id: str | None = None) -> bytes:  # noqa: A002  # its name in the stream
    """One event. JSON escapes line breaks, so the data is always one line."""
    name = (f"id: {id}\n" if id else "") + (f"event: {event}\n" if event else "")
    return f"{name}data: {payload.model_dump_json()}\n\n".encode()


def pieces(text: str) -> list[str]:
    """The text cut before each word; joined they are the text again."""
    return _PIECE.findall(text)
