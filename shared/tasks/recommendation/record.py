"""Rows of a catalog: items, and what people did with them; a file may hold both."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, PlainValidator
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Text, fault, parser
from shared.rows.problems import Faulty, kind
from shared.rows.row import Unlabelled

EventKind = Literal["view", "click", "cart", "purchase", "rating", "return", "dismiss"]
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)

ITEM_EXAMPLE = '{"item_id": "…", "text": "…"}'
EVENT_EXAMPLE = '{"user_id": "…", "item_id": "…", "type": "purchase", "timestamp": "2026-11-28T09:00:00Z"}'
EXAMPLE = f"{ITEM_EXAMPLE} or {EVENT_EXAMPLE}"

MAX_ID = 128
_MAX_TITLE = 500
_MAX_CATEGORIES = 16
_MAX_META = 16
_MAX_META_BYTES = 4_096
#: Seconds from the year 1970 to the year 2100: what is later is a mistake of a unit.
_LATEST = 4_102_444_800.0


def _identifier(value: object) -> str:
    if not isinstance(value, str):
        raise fault(f"must be a string, not {kind(value)}")
    if not 0 < len(value) <= MAX_ID or not value.isprintable() or value != value.strip():
        raise fault(f"must have 1 to {MAX_ID} printable characters, without blanks at its ends")
    return value


def _or_none(check: Callable[[object], Any]) -> Callable[[object], Any]:
    return lambda value: None if value is None else check(value)


def _title(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _MAX_TITLE:
        raise fault(f"must be a string of 1 to {_MAX_TITLE} characters")
    return value


def _categories(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > _MAX_CATEGORIES:
        raise fault(f"must be a list of at most {_MAX_CATEGORIES} names")
    return tuple(dict.fromkeys(_identifier(name) for name in value))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise fault(f"must be a number, not {kind(value)}")
    return float(value)


def _price(value: object) -> float:
    found = _number(value)
    if not 0 <= found <= 1e12:
        raise fault("must lie between 0 and 1e12")
    return found


def _meta(value: object) -> Mapping[str, str | float | bool]:
    if not isinstance(value, dict) or len(value) > _MAX_META:
        raise fault(f"must be an object of at most {_MAX_META} fields")
    for name, found in value.items():
        if not isinstance(found, str | int | float | bool) or (isinstance(found, float) and not math.isfinite(found)):
            raise fault(f"field {name!r} must be a string, a number, true or false")
    if len(json.dumps(value)) > _MAX_META_BYTES:
        raise fault(f"is larger than {_MAX_META_BYTES} bytes")
    return value


def _when(value: object) -> float:
    """Unix seconds of a time as ISO 8601 or as a number."""
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise fault(f"{value[:40]!r} is no time; write it like 2026-11-28T09:00:00Z, or as Unix seconds") from None
        seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    else:
        seconds = _number(value)
    if not 0 <= seconds <= _LATEST:
        raise fault("must lie between the years 1970 and 2100; give Unix seconds, not milliseconds")
    return seconds


Identifier = Annotated[str, PlainValidator(_identifier)]
OptionalId = Annotated[str | None, PlainValidator(_or_none(_identifier))]


@dataclass(frozen=True, slots=True, config=STRICT)
class ItemRow(Unlabelled):
    """Something that can be offered."""

    item_id: Identifier
    text: Text
    title: Annotated[str | None, PlainValidator(_or_none(_title))] = None
    categories: Annotated[tuple[str, ...], PlainValidator(_categories)] = ()
    price: Annotated[float | None, PlainValidator(_or_none(_price))] = None
    available: Annotated[bool, Field(strict=True)] = True
    meta: Annotated[Mapping[str, Any], PlainValidator(_meta)] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its id: an item is written once."""
        return f"item {self.item_id}"

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The item with its text changed."""
        return replace(self, text=change(self.text))


@dataclass(frozen=True, slots=True, config=STRICT)
class EventRow(Unlabelled):
    """Something that somebody did with an item.

    Attributes:
        item_id: With what.
        type: What.
        timestamp: When, in Unix seconds.
        event_id: The shop's own id of it: told twice it counts once.
        user_id: Who; or else ``session_id``.
        session_id: Of somebody who is not known by name.
        value: Of a rating, 1 to 5; of a purchase, how many.
    """

    item_id: Identifier
    type: EventKind
    timestamp: Annotated[float, PlainValidator(_when)]
    event_id: OptionalId = None
    user_id: OptionalId = None
    session_id: OptionalId = None
    value: Annotated[float | None, PlainValidator(_or_none(_number))] = None

    @property
    def key(self) -> str:
        """What two rows share of which one is a repetition."""
        return self.event_id or f"{self.who} {self.item_id} {self.type} {self.timestamp:.3f}"

    @property
    def who(self) -> str:
        """The user, or the session of one who is not known; no id of the one kind equals one of the other."""
        return f"u:{self.user_id}" if self.user_id is not None else f"s:{self.session_id}"

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """There is none."""
        del change
        return self


CatalogRow = ItemRow | EventRow

parse_item = parser(ItemRow, ITEM_EXAMPLE)
"""An item of a record; raises ``Faulty``."""

_event = parser(EventRow, EVENT_EXAMPLE)


def parse_event(record: object) -> EventRow:
    """An event of a record.

    Raises:
        Faulty: It is none.
    """
    row = _event(record)
    if (row.user_id is None) == (row.session_id is None):
        raise Faulty([("user_id", "name a user_id or a session_id, and not both")])
    if row.type == "rating" and (row.value is None or not 0 <= row.value <= 5):
        raise Faulty([("value", "a rating needs a value from 0 to 5")])
    return row


def _parse(record: object) -> CatalogRow:
    """``event`` is another name of ``type``, under which public sets have it."""
    if not isinstance(record, Mapping):
        raise Faulty([("", f"a row must be a JSON object such as {EXAMPLE}, not {kind(record)}")])
    if "text" in record:
        return parse_item(record)
    if "event" in record and "type" not in record:
        record = {"type" if name == "event" else name: value for name, value in record.items()}
    return parse_event(record)


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """What a model is asked about: the items that somebody chose, oldest first, a text, or both."""

    history: Annotated[tuple[Identifier, ...], Field(max_length=1_000)] = ()
    query: Annotated[str | None, PlainValidator(_or_none(_title))] = None
    n: Annotated[int, Field(ge=1, le=100, strict=True)] = 10


KIND = RecordKind(
    task="recommendation",
    example=EXAMPLE,
    fields=("item_id", "text", "user_id", "type", "timestamp"),
    needed=("item_id",),
    labels=(),
    cells={"categories": '["shoes"]', "meta": '{"colour": "red"}'},
    parse=_parse,
    parse_input=parser(Input, '{"history": ["item 1", "item 2"]}'),
)
"""Recommendation as a task: a file holds items and events."""
