"""A queue of RabbitMQ: an object of JSON, a list of them, or JSON Lines in each message."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from services.monitoring.connectors import json_items
from services.monitoring.connectors.fetched import MAX_ITEMS, Fetched, Reach, Refused
from shared.contracts.monitoring.streams import QueueSource
from shared.errors import InvalidInput, Unavailable
from shared.messaging.rabbitmq.foreign_queue import BrokerAddress, ForeignQueue, foreign_queue

_PORTS = {"amqp": 5672, "amqps": 5671}
_MAX_BYTES = 10 * 1024 * 1024
_SHOWN = 300
#: Seconds of one fetch: what is left waits in the queue.
_ALTOGETHER = 30.0


@contextmanager
def fetch_queue(setting: QueueSource, cursor: Mapping[str, Any], reach: Reach, now: float) -> Iterator[Fetched]:
    """What waits. The broker itself is the cursor: messages are acknowledged once their documents were passed on.

    Raises:
        InvalidInput: There is no such login or queue.
        OutboundRefused: The host may not be called.
        Unavailable: The broker is away.
    """
    del now
    where = urlsplit(setting.url)
    host, port = where.hostname or "", where.port or _PORTS[where.scheme]
    login = reach.login(setting.login, host)
    try:
        address = reach.address(host, port, plain=where.scheme == "amqp")
    except OSError as error:
        raise Unavailable(f"{host} is not known: {error}") from error
    broker = BrokerAddress(str(address), host, port, unquote(where.path[1:]) or "/", where.scheme == "amqps")
    username, password = (login.username, login.password.get_secret_value()) if login else ("guest", "guest")
    with foreign_queue(broker, setting.queue, username, password) as queue:
        yield _taken(queue, setting, int(cursor.get("taken", 0)))
        queue.settle()


def _taken(queue: ForeignQueue, setting: QueueSource, before: int) -> Fetched:
    found, deadline, taken = Fetched({}), time.monotonic() + _ALTOGETHER, before
    while len(found.items) < MAX_ITEMS and time.monotonic() < deadline:
        body = queue.take()
        if body is None:
            break
        taken += 1
        try:
            found.items += list(_items(body, setting, f"message {taken}"))
        except InvalidInput as error:
            queue.refuse()
            shown = body[:_SHOWN].decode("utf-8", "replace")
            found.refused.append(Refused(f"message {taken}", error.message, shown))
    found.cursor = {"taken": taken}
    return found


def _items(body: bytes, setting: QueueSource, place: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    if len(body) > _MAX_BYTES:
        raise InvalidInput(f"It is longer than {_MAX_BYTES} bytes.")
    objects = _objects(body)
    if not all(isinstance(one, dict) for one in objects):
        raise InvalidInput("It is no JSON object, no list of them, and no JSON Lines.")
    for number, item in enumerate(json_items.items_of(objects, "", setting.fields), start=1):
        yield (place if len(objects) == 1 else f"{place}, item {number}"), item


def _objects(body: bytes) -> list[Any]:
    try:
        parsed = json_items.parsed(body)
    except InvalidInput:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        return [json_items.parsed(line) for line in lines]
    return parsed if isinstance(parsed, list) else [parsed]
