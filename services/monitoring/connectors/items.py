"""Items of any source as documents. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from hashlib import blake2b
from zoneinfo import ZoneInfo

from services.monitoring.connectors.dates import Moment, moment_of
from shared.contracts.monitoring.streams import StreamDocument

_MAX_TEXT = 50_000
_MAX_ID = 128
#: Seconds that a publisher's clock may be ahead of ours.
_AHEAD = 300.0
#: 1980: what is older is an empty field.
_EARLIEST = 315_532_800.0

_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h[1-6])\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[!/a-zA-Z][^<>]*>")
_BLANKS = re.compile(r"[ \t\u00a0]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def document_of(item: Mapping[str, object], source: str, zone: ZoneInfo, now: float) -> StreamDocument | None:
    """A document; ``None`` for an item that says nothing.

    Args:
        item: ``id``, ``text``, ``title``, ``url``, ``author``, ``published_at``, ``lang``, ``source``, as far as it has them.
        source: Who published it, where the item does not say.
        zone: See ``moment_of``.
        now: Unix seconds: when it was published if nobody says, or if what is said lies ahead.
    """
    title, text = plain(item.get("title"))[:1_000], plain(item.get("text"))
    if not text:
        title, text = "", title
    if not text:
        return None
    moment = moment_of(item.get("published_at"), zone)
    remarks = []
    if moment is None:
        moment = Moment(now, "it has no date that can be read; the time of fetching was taken")
    elif not _EARLIEST <= moment.at <= now + _AHEAD:
        moment = Moment(now, "its date lies ahead or is absurd; the time of fetching was taken")
    remarks += [moment.remark] if moment.remark else []
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT]
        remarks.append(f"only its first {_MAX_TEXT} characters are kept")
    url = _string(item.get("url"))[:2_000]
    return StreamDocument(
        id=_id(_string(item.get("id")) or url or f"{title}\n{text}"),
        text=text,
        title=title,
        published_at=moment.at,
        source=(_string(item.get("source")) or source)[:200],
        url=url,
        author=plain(item.get("author"))[:200],
        language=_language(item.get("lang")),
        remark="; ".join(remarks),
    )


def plain(told: object) -> str:
    """A text without its mark-up."""
    text = _string(told)
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", _HIDDEN.sub(" ", text)))
    if "&" in text:
        text = html.unescape(text)
    return "\n".join(line.strip() for line in _BLANKS.sub(" ", text).splitlines() if line.strip())


def _string(told: object) -> str:
    return _UNSTORABLE.sub("", str(told)).strip() if isinstance(told, str | int | float) else ""


def _id(told: str) -> str:
    return told if len(told) <= _MAX_ID else blake2b(told.encode(), digest_size=16).hexdigest()


def _language(told: object) -> str:
    found = re.match(r"[A-Za-z]{2,3}(?![A-Za-z])", _string(told))
    return found[0].lower() if found else ""
