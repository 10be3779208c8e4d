"""Dates as publishers write them; what they leave open is said, never guessed in silence. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_MILLISECONDS = 1e11
_NUMBER = re.compile(r"\d{1,13}(?:\.\d{1,6})?")
#: Names of zones that mean one thing. "CST" is of Chicago, Shanghai and Havana, "IST" of India, Israel and Ireland, "BST" of London and Dhaka.
_UTC = frozenset(("GMT", "UT", "UTC", "Z"))
_NAMED = re.compile(r"\s\(?([A-Z]{1,5})\)?$")
_OFFSET = re.compile(r"[+-]\d{2}:?\d{2}$")
_CHINESE = re.compile(
    r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?\s*(?:星期.\s*)?(上午|下午|晚上|凌晨)?\s*(?:(\d{1,2})\s*[:：时点]\s*(\d{1,2})?(?:\s*[:：分]\s*(\d{1,2}))?)?"
)
_NOON = 12


@dataclass(frozen=True, slots=True)
class Moment:
    """Unix seconds, and what had to be assumed to know them; empty: nothing."""

    at: float
    remark: str = ""


def moment_of(told: object, zone: ZoneInfo) -> Moment | None:
    """When something was published; ``None`` if it cannot be read.

    Args:
        told: Unix seconds or milliseconds, or a date: ISO 8601, RFC 822, or Chinese.
        zone: Taken where the date has none, or one that means several.
    """
    if isinstance(told, bool) or told is None:
        return None
    if isinstance(told, int | float):
        return _unix(float(told))
    text = str(told).strip()[:100]
    if _NUMBER.fullmatch(text):
        return _unix(float(text))
    try:
        return _iso(text, zone) or _rfc(text, zone) or _chinese(text, zone)
    except (ValueError, OverflowError):  # the thirty-first of February, the year 0
        return None


def _unix(number: float) -> Moment | None:
    if not 0 < number < 1e15:  # which leaves out what is no number
        return None
    return Moment(number / 1000, "its time was taken for milliseconds") if number >= _MILLISECONDS else Moment(number)


def _iso(text: str, zone: ZoneInfo) -> Moment | None:
    try:
        read = datetime.fromisoformat(re.sub(r"^(\d{4})/(\d{1,2})/(\d{1,2})", _dashed, text))
    except ValueError:
        return None
    return (
        Moment(read.astimezone(UTC).timestamp()) if read.tzinfo is not None else _in(read, zone, "its date has no zone")
    )


def _dashed(found: re.Match[str]) -> str:
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"


def _rfc(text: str, zone: ZoneInfo) -> Moment | None:
    named = _NAMED.search(text)
    is_open = named is not None and named[1] not in _UTC
    try:
        read = parsedate_to_datetime(f"{text[: named.start()]} +0000" if named is not None else text)
    except (TypeError, ValueError, IndexError):
        return None
    if is_open and named is not None:
        return _in(read.replace(tzinfo=None), zone, f"the zone {named[1]} of its date means several")
    if named is None and not _OFFSET.search(text):
        return _in(read.replace(tzinfo=None), zone, "its date has no zone")
    return Moment(read.timestamp())


def _chinese(text: str, zone: ZoneInfo) -> Moment | None:
    found = _CHINESE.search(text)
    if found is None:
        return None
    year, month, day, part, hour, minute, second = found.groups()
    hours = int(hour or 0) + (_NOON if part in ("下午", "晚上") and int(hour or 0) < _NOON else 0)
    read = datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0))  # noqa: DTZ001  # the next line
    return _in(read, zone, "its date has no zone" if hour else "its date has no time of day")


def _in(read: datetime, zone: ZoneInfo, why: str) -> Moment:
    return Moment(read.replace(tzinfo=zone).astimezone(UTC).timestamp(), f"{why}; {zone.key} was taken")
