"""The frames of a message, written and read at once.

A message is a method, a header with its properties, and its body (AMQP 0-9-1, sections 2.3.5 and 4.2.6). py-amqp goes through some thirty
functions for each; these are the two ways that every message of ours takes, and py-amqp does all the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from struct import Struct, error
from typing import Any, NamedTuple

from amqp.method_framing import frame_handler
from amqp.serialization import loads

Frame = tuple[int, int, bytes]
"""Type, channel, payload."""

METHOD, HEADER, BODY = 1, 2, 3
FRAME_START = Struct(">BHI")
"""Type, channel, bytes of the payload."""
FRAME_END = 0xCE

_BASIC = 60
_PUBLISH = b"\0\x3c\0\x28\0\0"
"""Class, method, and a short that is no longer used."""
_DELIVER = b"\0\x3c\0\x3c"
_TAG = Struct(">QB")
_CONTENT = Struct(">HHQH")
"""Class, weight, bytes of the body, flags."""
_LONG = Struct(">I")
_SIGNED, _DOUBLE = Struct(">i"), Struct(">d")
_END = bytes((FRAME_END,))

#: Properties with their flags, in the order in which they are written. All are short texts but these two.
_FLAGS = {
    "content_type": 1 << 15,
    "content_encoding": 1 << 14,
    "headers": 1 << 13,
    "delivery_mode": 1 << 12,
    "priority": 1 << 11,
    "correlation_id": 1 << 10,
    "reply_to": 1 << 9,
    "expiration": 1 << 8,
    "message_id": 1 << 7,
    "timestamp": 1 << 6,
    "type": 1 << 5,
    "user_id": 1 << 4,
    "app_id": 1 << 3,
    "cluster_id": 1 << 2,
}
_OCTETS = ("delivery_mode", "priority")
#: Says that further flags follow, for which the specification has no property.
_MORE_FLAGS = 1


class Delivered(NamedTuple):
    """What the broker delivers.

    Attributes:
        tag: To be acknowledged.
        redelivered: Somebody had it before.
        key: Its routing key.
        properties: By the names of the specification, ``headers`` among them; none if they could not be read.
        body: As it was sent.
    """

    tag: int
    redelivered: bool
    key: str
    properties: Mapping[str, Any]
    body: bytes


def published(
    channel: int,
    exchange: str,
    key: str,
    properties: Mapping[str, Any],
    body: bytes,
    *,
    mandatory: bool,
    frame_max: int,
) -> bytes:
    """The frames of a message that is to be published.

    Args:
        channel: Number of the channel.
        exchange: Where it is handed in.
        key: Its routing key.
        properties: By the names of the specification; ``headers`` may hold texts, floats, and integers of 32 bits.
        body: What it says.
        mandatory: Whether the broker is to give it back if there is no queue for it.
        frame_max: Bytes that a frame may have, as agreed with the broker.

    Raises:
        ValueError: A name is longer than 255 bytes, or a text has no UTF-8 form.
        struct.error: A header is an integer of more than 32 bits.
    """
    method = b"".join((_PUBLISH, _short(exchange), _short(key), b"\1" if mandatory else b"\0"))
    flags, listed = 0, bytearray()
    for name, flag in _FLAGS.items():
        if (value := properties.get(name)) is not None:
            flags |= flag
            listed += _table(value) if name == "headers" else bytes((value,)) if name in _OCTETS else _short(value)
    header = _CONTENT.pack(_BASIC, 0, len(body), flags) + listed
    size = frame_max - FRAME_START.size - 1
    bodies = [(BODY, body[start : start + size]) for start in range(0, len(body), size)]
    parts = ((METHOD, method), (HEADER, header), *bodies)
    return b"".join(piece for kind, text in parts for piece in (FRAME_START.pack(kind, channel, len(text)), text, _END))


class MessageFrames:
    """Frames as they come: those of deliveries are put together here once somebody takes them, py-amqp is given all others.

    Args:
        connection: py-amqp's, whose counters tell its heartbeat that something came.
        callback: Of its methods.
    """

    def __init__(self, connection: Any, callback: Callable[..., None]) -> None:
        self._connection = connection
        self._others: Callable[[Frame], bool] = frame_handler(connection, callback)
        self._begun: dict[int, _Begun] = {}
        self.deliver: Callable[[Delivered], None] | None = None
        """Takes what is delivered on any channel."""

    def __call__(self, frame: Frame) -> bool:
        """Take a frame; says whether a method or a whole message came with it."""
        kind, channel, payload = frame
        if self.deliver is not None and kind == METHOD and payload.startswith(_DELIVER):
            self._begun[channel] = _Begun(payload)
        elif kind in (HEADER, BODY) and (begun := self._begun.get(channel)) is not None:
            begun.add(kind, payload)
            if begun.left <= 0 and self.deliver is not None:
                del self._begun[channel]
                self.deliver(begun.message())
        else:
            return self._others(frame)
        self._connection.bytes_recv += 1
        return channel not in self._begun


class _Begun:
    """A delivery of which not all frames have come."""

    def __init__(self, method: bytes) -> None:
        self._method = method
        self._header = b""
        self._bodies: list[bytes] = []
        self.left = 1
        """Bytes still to come; one before that is known."""

    def add(self, kind: int, payload: bytes) -> None:
        if kind == HEADER:
            self._header, self.left = payload, _CONTENT.unpack_from(payload)[2]
        else:
            self._bodies.append(payload)
            self.left -= len(payload)

    def message(self) -> Delivered:
        at = len(_DELIVER)
        at += 1 + self._method[at]  # the tag of the consumer
        tag, redelivered = _TAG.unpack_from(self._method, at)
        at += _TAG.size
        at += 1 + self._method[at]  # the exchange
        key = self._method[at + 1 : at + 1 + self._method[at]].decode("utf-8", "replace")
        bodies = self._bodies
        body = bodies[0] if len(bodies) == 1 else b"".join(bodies)
        return Delivered(tag, bool(redelivered & 1), key, _properties(self._header), body)


def _properties(header: bytes) -> dict[str, Any]:
    """What a header says; nothing if it is not what the specification says: only its sender knows then."""
    found: dict[str, Any] = {}
    flags, at = _CONTENT.unpack_from(header)[3], _CONTENT.size
    if flags & _MORE_FLAGS:
        return {}
    try:
        for name in _listed(flags):
            found[name], at = _property(name, header, at)
    except (error, IndexError, ValueError):
        return {}
    return found


@lru_cache(maxsize=256)
def _listed(flags: int) -> tuple[str, ...]:
    return tuple(name for name, flag in _FLAGS.items() if flags & flag)


def _property(name: str, header: bytes, at: int) -> tuple[Any, int]:
    if name == "headers":
        end = at + _LONG.size + _LONG.unpack_from(header, at)[0]
        return _read_table(header, at, end), end
    if name in _OCTETS:
        return header[at], at + 1
    if name == "timestamp":
        return None, at + 8
    end = at + 1 + header[at]
    return header[at + 1 : end].decode(), end


def _read_table(header: bytes, at: int, end: int) -> dict[str, Any]:
    """Headers of the kinds that we write; any other kind and py-amqp reads them all."""
    found, place = {}, at + _LONG.size
    while place < end:
        name = header[place + 1 : place + 1 + header[place]].decode()
        place += 1 + header[place]
        kind = header[place : place + 1]
        place += 1
        if kind == b"S":
            size = _LONG.unpack_from(header, place)[0]
            found[name] = header[place + 4 : place + 4 + size].decode()
            place += 4 + size
        elif kind == b"I":
            found[name] = _SIGNED.unpack_from(header, place)[0]
            place += 4
        elif kind == b"d":
            found[name] = _DOUBLE.unpack_from(header, place)[0]
            place += 8
        else:
            return _read_all(header, at)
    return found


def _read_all(header: bytes, at: int) -> dict[str, Any]:
    try:
        table: dict[str, Any] = loads("F", header, at)[0][0]
    except Exception as reason:  # py-amqp says anything to what it does not expect
        raise ValueError(f"no table: {reason}") from reason
    return table


def _short(text: str) -> bytes:
    encoded = text.encode()
    return bytes((len(encoded),)) + encoded


def _table(headers: Mapping[str, Any]) -> bytes:
    pairs = b"".join(_short(name) + _value(value) for name, value in headers.items())
    return _LONG.pack(len(pairs)) + pairs


def _value(value: Any) -> bytes:
    if isinstance(value, int):
        return b"I" + _SIGNED.pack(value)
    if isinstance(value, float):
        return b"d" + _DOUBLE.pack(value)
    encoded = str(value).encode()
    return b"S" + _LONG.pack(len(encoded)) + encoded
