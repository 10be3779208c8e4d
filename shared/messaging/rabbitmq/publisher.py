"""Publishing to RabbitMQ: callers fill an outbox, one thread empties it in large writes and reads the confirms."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from threading import Lock, Thread
from typing import Any

from shared.contracts.message import Exchange
from shared.errors import InvalidInput, TooManyRequests, Unavailable
from shared.messaging.consuming.failures import refusal, unroutable
from shared.messaging.encoded import EncodedMessage, pack
from shared.messaging.envelope import Envelope
from shared.messaging.rabbitmq.confirmation import PublishConfirmation
from shared.messaging.rabbitmq.confirms import Confirms, Item
from shared.messaging.rabbitmq.connection import CONNECTION_ERRORS, BrokerConnection
from shared.messaging.rabbitmq.declaration import declare_shared
from shared.messaging.rabbitmq.reconnecting import ReconnectingConnection
from shared.messaging.rabbitmq.wakeup_socket import WakeupSocket
from shared.messaging.rabbitmq.wire import properties_of
from shared.messaging.topology import Queues
from shared.telemetry import logs

#: Messages that may wait to be written.
_OUTBOX_LIMIT = 20_000
#: Seconds that messages are held for a broker that went away, before callers are told.
_GRACE = 2.0
#: Seconds between two looks, by who waits for a confirm, whether the broker is still there.
_LOOK = 0.25
#: Seconds to send what is left when closing.
_LAST_WORDS = 3.0
#: Seconds that the idle thread sleeps at most; the link wakes earlier for its heartbeat.
_IDLE = 300.0

_log = logs.get(__name__)


class RabbitPublisher:
    """See ``Publisher``. Transient and durable messages keep their order each, but not among each other.

    Args:
        url: The broker.
        prefix: Put before every exchange and queue.
        confirm_timeout: Seconds within which the broker has to confirm; if it takes longer, it or we have lost track.
    """

    def __init__(self, url: str, prefix: str, *, confirm_timeout: float = 10.0) -> None:
        self._prefix = prefix
        self._confirm_timeout = confirm_timeout
        self._waker = WakeupSocket()
        self._reconnecting = ReconnectingConnection(url, "publisher", "publisher", self._prepare, self._waker)
        self._lock = Lock()
        self._outbox: deque[Item] = deque()
        self._awake = False
        """Whether the thread was told of the outbox and has not looked yet."""
        self._closing_at: float | None = None
        self._channels: dict[bool, Any] = {}
        self._unroutable: deque[Item] = deque()
        self._confirms: dict[bool, Confirms] = {}
        """One channel for transient and one for durable messages: those of one wait for no quorum of the other."""
        self._thread = Thread(target=self._run, name="publisher", daemon=True)

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """See ``Publisher``."""
        self.send([pack(envelope) for envelope in envelopes])

    def send(self, encoded_messages: Sequence[EncodedMessage]) -> None:
        """See ``Publisher``."""
        durable = sum(encoded.durable for encoded in encoded_messages)
        receipt = PublishConfirmation(durable) if durable else None
        with self._lock:
            self._refuse_if_pointless(len(encoded_messages))
            self._outbox.extend(Item(encoded, receipt if encoded.durable else None) for encoded in encoded_messages)
            wake, self._awake = not self._awake, True
        if wake:
            self._waker.wake()
        if receipt is not None:
            self._await(receipt)

    def close(self) -> None:
        """Send what is left, as far as the broker lets us, and end the thread."""
        with self._lock:
            self._closing_at = time.monotonic() + _LAST_WORDS
        self._waker.wake()
        self._thread.join(2 * _LAST_WORDS)
        if self._thread.is_alive():
            # It hangs in a write, because the broker has stopped reading.
            self._reconnecting.abort()
            self._thread.join()
        self._waker.close()

    def _await(self, receipt: PublishConfirmation) -> None:
        until = time.monotonic() + self._confirm_timeout
        while not receipt.complete(min(_LOOK, max(0.0, until - time.monotonic()))):
            if self._reconnecting.away_for > _GRACE:
                receipt.fail(Unavailable("the message broker went away before it confirmed; try again later"))
            elif time.monotonic() >= until:
                seconds = f"{self._confirm_timeout:.0f} seconds"
                receipt.fail(Unavailable(f"the broker did not confirm within {seconds}; it may be away"))

    def _refuse_if_pointless(self, messages: int) -> None:
        if self._closing_at is not None:
            raise Unavailable("the service is shutting down; nothing was sent")
        if self._reconnecting.away_for > _GRACE:
            raise Unavailable("the message broker is away; try again later")
        if len(self._outbox) + messages > _OUTBOX_LIMIT:
            raise TooManyRequests(f"{_OUTBOX_LIMIT} messages wait to be sent already; try again later")

    def _run(self) -> None:
        while not self._finished():
            link = self._reconnecting.link(self._patience())
            self._waker.clear()
            if link is None:
                continue
            try:
                self._write(link)
                if not (self._finished() or self._unroutable):
                    link.wait(self._patience())
                self._send_again()
                self._check_confirms()
            except CONNECTION_ERRORS as error:
                self._reconnecting.lost(error)
                self._take_back()
        self._reconnecting.close()
        self._abandon_rest()

    def _patience(self) -> float:
        deadlines = [self._closing_at] if self._closing_at is not None else []
        if (oldest := self._oldest()) is not None:
            deadlines.append(oldest + self._confirm_timeout)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else _IDLE

    def _oldest(self) -> float | None:
        return min((sent.oldest for sent in self._confirms.values() if sent.oldest is not None), default=None)

    def _finished(self) -> bool:
        closing_at = self._closing_at
        if closing_at is None:
            return False
        pending = self._outbox or self._unroutable or any(self._confirms.values())
        return time.monotonic() >= closing_at or not pending

    def _write(self, link: BrokerConnection) -> None:
        with self._lock:
            items, self._outbox, self._awake = self._outbox, deque(), False
        now, started = time.time(), time.monotonic()
        try:
            with link.corked():
                while items:
                    self._write_one(link, items[0], now, started)
                    items.popleft()
        except CONNECTION_ERRORS:
            # Not sent, or sent in part and cut: again on the next link, before what came meanwhile.
            with self._lock:
                self._outbox.extendleft(reversed(items))
            raise

    def _write_one(self, link: BrokerConnection, item: Item, now: float, started: float) -> None:
        if _pointless(item, now):
            return
        try:
            self._publish(link, item.encoded, now)
        except CONNECTION_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001  # there is no one error for this, and nothing was written
            _log.error("message cannot be encoded", type=item.encoded.type[:80], reason=type(error).__name__)
            if item.receipt is not None:
                item.receipt.fail(InvalidInput(f"the message cannot be encoded for the broker: {error}"))
            return
        self._confirms[item.encoded.durable].add(item, started)

    def _publish(self, link: BrokerConnection, encoded: EncodedMessage, now: float) -> None:
        by_name = encoded.exchange is Exchange.REPLY
        exchange = "" if by_name else self._prefix + encoded.exchange.value
        channel = self._channels[encoded.durable]
        key = self._prefix + encoded.key if by_name else encoded.key
        expected = Queues.is_expected(encoded.exchange, encoded.key)
        link.publish(channel, exchange, key, properties_of(encoded, now), encoded.body, mandatory=expected)

    def _prepare(self, link: BrokerConnection) -> None:
        self._channels = {durable: link.channel() for durable in (False, True)}
        declare_shared(self._channels[False], self._prefix)
        self._confirms = {
            durable: Confirms(channel, self._bounce, self._unroutable.append)
            for durable, channel in self._channels.items()
        }

    def _bounce(self, encoded: EncodedMessage) -> None:
        """A queue had no room for a transient message: its sender learns it now, and not at the deadline."""
        if encoded.reply_to is not None:
            with self._lock:
                self._outbox.append(Item(refusal(encoded), None))

    def _send_again(self) -> None:
        """Make the queues that were missing, and send what found none once more; a second time its sender is told."""
        if not self._unroutable:
            return
        items = list(self._unroutable)
        self._unroutable.clear()
        _log.warning("messages found no queue; making it again", messages=len(items), key=items[0].encoded.key)
        declare_shared(self._channels[False], self._prefix)
        with self._lock:
            for item in reversed(items):
                if not item.returned:
                    self._outbox.appendleft(item._replace(returned=True))
                elif item.receipt is not None:
                    item.receipt.fail(
                        Unavailable(f"there is no queue for '{item.encoded.key}' at the broker; try again later")
                    )
                elif item.encoded.reply_to is not None:
                    self._outbox.append(Item(unroutable(item.encoded), None))

    def _check_confirms(self) -> None:
        oldest = self._oldest()
        if oldest is not None and time.monotonic() >= oldest + self._confirm_timeout:
            # A confirm that came after all would count for another message: only a new connection is safe.
            raise TimeoutError("the broker did not confirm in time")

    def _take_back(self) -> None:
        """Send again what was not confirmed; consumers know repeated messages by their id."""
        again = [item for confirms in self._confirms.values() for item in confirms.take_back()] + list(self._unroutable)
        self._unroutable.clear()
        with self._lock:
            self._outbox.extendleft(reversed(again))

    def _abandon_rest(self) -> None:
        self._take_back()
        with self._lock:
            rest, self._outbox = self._outbox, deque()
        for item in rest:
            if item.receipt is not None:
                item.receipt.fail(Unavailable("the service shut down before the broker confirmed"))
        if rest:
            _log.warning("messages not sent before the end", count=len(rest))


def _pointless(item: Item, now: float) -> bool:
    if item.receipt is not None:
        return item.receipt.abandoned
    return item.encoded.expired(now)
