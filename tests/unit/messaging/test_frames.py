"""Frames of messages: what we write py-amqp reads, what py-amqp writes we read, and no header of a stranger ends a connection."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from amqp import Message
from amqp.method_framing import frame_handler, frame_writer
from amqp.serialization import dumps
from amqp.spec import Basic
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.rabbitmq.frames import FRAME_START, Delivered, Frame, MessageFrames, published

_FRAME_MAX = 4096

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
headers = st.dictionaries(
    names, names | st.integers(min_value=-(2**31), max_value=2**31 - 1) | st.floats(allow_nan=False), max_size=5
)
properties = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("content_type", "correlation_id", "reply_to", "expiration", "message_id", "type"), names)
    | {"headers": headers, "delivery_mode": st.sampled_from([1, 2])},
)
bodies = st.binary(max_size=100) | st.integers(min_value=0, max_value=3 * _FRAME_MAX).map(bytes)


class _Connection:
    frame_max = _FRAME_MAX
    bytes_recv = 0
    bytes_sent = 0


class _Written:
    def __init__(self) -> None:
        self.all = bytearray()

    def write(self, data: Any) -> None:
        self.all += data


def cut(written: bytes) -> list[Frame]:
    frames, place = [], 0
    while place < len(written):
        kind, channel, size = FRAME_START.unpack_from(written, place)
        start = place + FRAME_START.size
        frames.append((kind, channel, written[start : start + size]))
        place = start + size + 1
    return frames


def by_py_amqp(found: dict[str, Any]) -> dict[str, Any]:
    return {{"headers": "application_headers"}.get(name, name): value for name, value in found.items()}


def delivered_by_py_amqp(found: dict[str, Any], body: bytes, *, redelivered: bool = False) -> list[Frame]:
    """The frames of a delivery, as py-amqp would write them if it were a broker."""
    written = _Written()
    method = dumps("sLbss", ("a consumer", 7, redelivered, "an exchange", "a key"))
    write = frame_writer(_Connection(), written)
    write(1, 3, Basic.Deliver, method, Message(body, **by_py_amqp(found)))
    return cut(bytes(written.all))


def read(frames: list[Frame]) -> list[Delivered]:
    found: list[Delivered] = []
    reader = MessageFrames(_Connection(), lambda *_: None)
    reader.deliver = found.append
    for frame in frames:
        reader(frame)
    return found


@given(properties, bodies, names, st.booleans())
def test_py_amqp_reads_what_we_publish(found: dict[str, Any], body: bytes, key: str, mandatory: bool) -> None:
    written = cut(published(3, "an exchange", key, found, body, mandatory=mandatory, frame_max=_FRAME_MAX))
    assert all(len(payload) <= _FRAME_MAX and channel == 3 for _, channel, payload in written)
    method, *content = written
    assert method[2] == struct.pack(">HH", *Basic.Publish) + dumps("Bssbb", (0, "an exchange", key, mandatory, False))
    came: list[Any] = []
    reader = frame_handler(_Connection(), lambda *arrived: came.append(arrived[-1]))
    # Of the methods that a client is sent, a delivery has such a content.
    for frame in [delivered_by_py_amqp({}, b"")[0], *content]:
        reader(frame)
    [message] = came
    assert (bytes(message.body or b""), message.properties) == (body, by_py_amqp(found))


@given(properties, bodies, st.booleans())
def test_what_py_amqp_writes_is_read(found: dict[str, Any], body: bytes, redelivered: bool) -> None:
    assert read(delivered_by_py_amqp(found, body, redelivered=redelivered)) == [
        Delivered(7, redelivered, "a key", found, body)
    ]


def test_headers_of_every_kind_are_read() -> None:
    """As the broker adds them to what it has taken from one queue to another, and as strangers write them."""
    table = {"x-death": [{"count": 2, "queue": "q"}], "small": True, "big": 2**40, "none": None, "text": "words"}
    [delivered] = read(delivered_by_py_amqp({"headers": table}, b"{}"))
    assert delivered.properties["headers"] == table


@given(st.binary(max_size=80), st.integers(min_value=0, max_value=2**16 - 1))
def test_a_header_that_is_none_is_a_message_without_properties_or_with_some(rest: bytes, flags: int) -> None:
    method, _, *_ = delivered_by_py_amqp({}, b"")
    header = struct.pack(">HHQH", 60, 0, 0, flags) + rest
    [delivered] = read([method, (2, 3, header)])
    assert (delivered.tag, delivered.body) == (7, b"")


def test_deliveries_of_several_channels_are_told_apart() -> None:
    first, second = delivered_by_py_amqp({}, b"one"), delivered_by_py_amqp({}, b"two")
    other = [(kind, 4, payload) for kind, _, payload in second]
    mixed = [frame for pair in zip(first, other, strict=True) for frame in pair]
    assert [delivered.body for delivered in read(mixed)] == [b"one", b"two"]


@pytest.mark.parametrize(
    ("key", "found"), [("k" * 256, {}), ("k", {"message_id": "m" * 256}), ("k", {"type": "\ud800"})]
)
def test_what_amqp_cannot_say_is_refused_before_anything_is_written(key: str, found: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"range\(0, 256\)|surrogates"):
        published(1, "", key, found, b"{}", mandatory=False, frame_max=_FRAME_MAX)
