"""Rows of documents as people send them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.gateway.http.bodies.json_body import parse_json
from services.gateway.http.bodies.schemas import Metadata
from services.gateway.http.bodies.validation import describe
from shared.contracts.monitoring.streams import StreamDocument
from shared.errors import InvalidInput

MAX_TEXT = 50_000
#: Seconds that a sender's clock may be ahead of ours.
AHEAD = 300.0
#: What is older is a mistake of a unit or an empty field: 1980-01-01.
EARLIEST = 315_532_800.0
#: Numbers from here on are milliseconds: as seconds they would lie in the year 5138.
_MILLISECONDS = 1e11

_Line = Annotated[str, StringConstraints(max_length=1_000)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=r"\S")]
    published_at: str | float
    source: Annotated[str, StringConstraints(max_length=200)] = ""
    title: _Line | None = None
    url: Annotated[str, StringConstraints(max_length=2_000)] | None = None
    author: Annotated[str, StringConstraints(max_length=200)] | None = None
    lang: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9-_]{1,20})?$")] | None = None
    meta: Annotated[Metadata | None, Field(strict=False)] = None


@dataclass(frozen=True, slots=True)
class Assumed:
    """A moment, and what had to be assumed to know it; empty: nothing."""

    at: float
    remark: str


def document_of(line: bytes, zone: ZoneInfo, now: float) -> StreamDocument:
    """A line as a document; its ``remark`` says what was assumed.

    Args:
        line: A JSON object.
        zone: In which a date without a zone is meant.
        now: Unix seconds.

    Raises:
        InvalidInput: It is none; names the field.
    """
    body = parse_json(line)
    if not isinstance(body, dict):
        raise InvalidInput('A row is a JSON object, such as {"id": …, "text": …, "published_at": …}.')
    try:
        row = _Row.model_validate(body)
    except ValidationError as error:
        problems = [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors(include_url=False)]
        raise describe(problems, body) from None
    moment = _moment(row.published_at, zone)
    _refuse_absurd(moment.at, now)
    return StreamDocument(
        id=row.id,
        text=row.text,
        published_at=moment.at,
        title=(row.title or "").strip(),
        source=row.source.strip(),
        url=row.url or "",
        author=row.author or "",
        language=(row.lang or "").replace("_", "-").split("-")[0].lower(),
        meta=row.meta or {},
        remark=moment.remark,
    )


def _moment(told: str | float, zone: ZoneInfo) -> Assumed:
    if isinstance(told, str):
        try:
            number = float(told)
        except ValueError:
            return _date(told, zone)
        return _unix(number)
    return _unix(told)


def _unix(number: float) -> Assumed:
    if number >= _MILLISECONDS:
        return Assumed(number / 1000, "published_at was taken for milliseconds")
    return Assumed(number, "")


def _date(told: str, zone: ZoneInfo) -> Assumed:
    try:
        read = datetime.fromisoformat(told.strip())
    except ValueError:
        raise InvalidInput(
            f"'published_at' is {told[:40]!r}; give RFC 3339, such as 2026-11-27T09:00:00+08:00, or Unix seconds.",
            param="published_at",
        ) from None
    if read.tzinfo is not None:
        return Assumed(_timestamp(read), "")
    return Assumed(_timestamp(read.replace(tzinfo=zone)), f"published_at has no zone; it was taken for {zone.key}")


def _timestamp(read: datetime) -> float:
    try:
        return read.astimezone(UTC).timestamp()
    except (OverflowError, ValueError):  # the first and the last day of the calendar
        raise InvalidInput("'published_at' lies outside the calendar.", param="published_at") from None


def _refuse_absurd(at: float, now: float) -> None:
    if not at >= EARLIEST:
        raise InvalidInput(
            f"'published_at' is {at:.0f} Unix seconds, before 1980: a wrong unit or an empty field.",
            param="published_at",
        )
    if at > now + AHEAD:
        raise InvalidInput(
            f"'published_at' lies {at - now:.0f} seconds ahead; a document cannot be published in the future.",
            param="published_at",
        )
